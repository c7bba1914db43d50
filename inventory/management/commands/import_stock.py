from __future__ import annotations

from typing import TYPE_CHECKING

from inventory import services
from inventory.management.commands._from_csv import CsvCommand
from omni.kernel import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stores.models import Brand
    from stores.services import CsvRow


class Command(CsvCommand):
    help = (
        "Take what a brand's stores have on hand from a CSV file, all rows or none. Columns: store_code, sku, on_hand,"
        " and if you like bin, where it lies."
    )
    required, optional = services.STOCK_COLUMNS, services.STOCK_OPTIONAL

    def take(self, rows: Sequence[CsvRow], brand: Brand) -> str:
        """Import the figures."""
        done = services.import_stock(rows, brand=brand, actor="system:import", now=clock.now())
        return (
            f"{done.changed:,} changed, {done.unchanged:,} as they were;"
            f" {done.added:,} levels added; {done.displaced:,} promises displaced."
        )
