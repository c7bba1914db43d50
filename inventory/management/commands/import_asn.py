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
        "Take deliveries that are announced to a brand's stores (advance shipping notices) from a CSV file, all rows or"
        " none; twice is as good as once. Columns: asn, store_code, sku, quantity; if wanted expected_on, sender."
    )
    required, optional = services.ASN_REQUIRED_COLUMNS, services.ASN_OPTIONAL_COLUMNS

    def take(self, rows: Sequence[CsvRow], brand: Brand) -> str:
        """Import the notices."""
        done = services.import_asn(rows, brand=brand, actor="system:import", now=clock.now())
        return f"{done.added:,} notices added, {done.changed:,} changed, {done.unchanged:,} as they were."
