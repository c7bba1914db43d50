from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, no_translations

from inventory import services
from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry
from stores import queries as stores_queries
from stores import services as stores_services


class Command(BaseCommand):
    help = (
        "Take what a brand's stores have on hand from a CSV file, all rows or none. Columns: store_code, sku, on_hand,"
        " and if you like bin, where it lies."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the file and the brand."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--brand", required=True, help="code of the brand")

    @no_translations
    def handle(self, *_args: object, file: Path, brand: str, **_options: object) -> None:
        """Import the file, or name every bad row and change nothing."""
        try:
            rows = stores_services.read_csv(
                file.read_bytes(), required=services.STOCK_COLUMNS, optional=services.STOCK_OPTIONAL
            )
            with entry():
                done = services.import_stock(
                    rows, brand=stores_queries.get_brand(brand), actor="system:import", now=clock.now()
                )
        except stores_services.FileRefused as refusal:
            raise CommandError("\n".join([*refusal.lines(), refusal.message])) from refusal
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{len(rows):,} rows: {done.changed:,} changed, {done.unchanged:,} as they were;"
            f" {done.added:,} levels added; {done.displaced:,} promises displaced."
        )
