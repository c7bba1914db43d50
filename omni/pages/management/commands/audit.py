import time

from django.core.management.base import BaseCommand, CommandParser

from omni.kernel import clock
from omni.pages import audit


class Command(BaseCommand):
    help = "Check what must hold of orders, money, stock and events; exit status 1 when something does not."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether earlier audits are trusted."""
        parser.add_argument("--full", action="store_true", help="look at everything again, not only at what is new")

    def handle(self, *_args: object, full: bool, **_options: object) -> None:
        """Print a line for each claim, and the rows for which it does not hold."""
        started, claims, broken = time.monotonic(), 0, 0
        for finding in audit.drive_audit(now=clock.now(), is_full=full):
            claims += 1
            broken += finding.wrong > 0
            state = self.style.SUCCESS("holds ") if finding.wrong == 0 else self.style.ERROR("BROKEN")
            wrong = f", {finding.wrong:,} wrong" if finding.wrong else ""
            self.stdout.write(f"{state}  {finding.claim:<62}{finding.checked:>11,} checked{wrong}")
            for row in finding.named:
                self.stdout.write(f"        {row}")
            if finding.wrong > len(finding.named):
                self.stdout.write(f"        and {finding.wrong - len(finding.named):,} more")
        seconds = f"{time.monotonic() - started:.1f} s"
        if broken:
            self.stdout.write(self.style.ERROR(f"{broken} of {claims} invariants are broken ({seconds})."))
            raise SystemExit(1)
        self.stdout.write(self.style.SUCCESS(f"Every invariant holds ({seconds})."))
