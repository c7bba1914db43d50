from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError, CommandParser

from omni.api import services
from omni.api.choices import Scope
from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry
from stores import queries as stores_queries


class Command(BaseCommand):
    help = "Make an API key of a brand and print it; this is the only time that it can be read."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the brand, what the key may do, and for how long."""
        parser.add_argument("--brand", required=True, help="the brand's code")
        parser.add_argument("--scopes", required=True, help=f"separated by commas: {','.join(Scope.values)}")
        parser.add_argument("--name", default="ERP", help="what the key is for")
        parser.add_argument("--days", type=int, default=365, help="days until it expires (365)")

    def handle(self, *, brand: str, scopes: str, name: str, days: int, **_options: object) -> None:
        """Print the key alone, so that a script can take it."""
        now = clock.now()
        try:
            with entry():
                _key, text = services.issue_api_key(
                    stores_queries.get_brand(brand).pk,
                    name=name,
                    scopes=[scope.strip() for scope in scopes.split(",") if scope.strip()],
                    expires_at=now + timedelta(days=days),
                    now=now,
                )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(text)
