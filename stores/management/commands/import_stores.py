from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, no_translations

from omni.kernel.errors import DomainError
from omni.kernel.geo import Datum
from omni.kernel.transactions import entry
from stores import queries, services


class Command(BaseCommand):
    help = (
        "Take a brand's stores from a CSV file, all rows or none. Columns: code, name, lat, lng; if wanted kind, mall,"
        " province, city, district, address, hours."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the file, the brand and the datum of the coordinates."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--brand", required=True, help="code of the brand")
        parser.add_argument("--datum", required=True, choices=[datum.value for datum in Datum])

    @no_translations
    def handle(self, *_args: object, file: Path, brand: str, datum: str, **_options: object) -> None:
        """Import the file, or name every bad row and change nothing."""
        try:
            rows = services.read_csv(
                file.read_bytes(), required=services.STORE_REQUIRED_COLUMNS, optional=services.STORE_OPTIONAL_COLUMNS
            )
            with entry():
                done = services.import_stores(rows, brand=queries.get_brand(brand), datum=Datum(datum))
        except services.FileRefused as refusal:
            raise CommandError("\n".join([*refusal.lines(), refusal.message])) from refusal
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{len(rows):,} stores: {done.added:,} added, {done.changed:,} changed, {done.unchanged:,} as they were;"
            f" {done.malls_added:,} malls added."
        )
