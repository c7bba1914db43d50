"""What commands have in common that take a brand's CSV file: whole, or not at all with every bad row named."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.management.base import BaseCommand, CommandError, no_translations

from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry
from stores import queries as stores_queries
from stores import services as stores_services

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from stores.models import Brand
    from stores.services import CsvRow


class CsvCommand(BaseCommand):
    """A command whose `take` imports the rows of a file in one transaction, and says what that did."""

    required: Sequence[str]
    optional: Sequence[str] = ()

    @abstractmethod
    def take(self, rows: Sequence[CsvRow], brand: Brand) -> str:
        """Import the rows; return what was done, in words."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the file and the brand."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--brand", required=True, help="code of the brand")

    @no_translations
    def handle(self, *_args: object, file: Path, brand: str, **_options: object) -> None:
        """Import the file, or name every bad row and change nothing."""
        try:
            rows = stores_services.read_csv(file.read_bytes(), required=self.required, optional=self.optional)
            with entry():
                done = self.take(rows, stores_queries.get_brand(brand))
        except stores_services.FileRefused as refusal:
            raise CommandError("\n".join([*refusal.lines(), refusal.message])) from refusal
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{len(rows):,} rows: {done}")
