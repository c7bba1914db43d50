import time

from django.core.management.base import BaseCommand

from omni.kernel import clock
from omni.kernel.transactions import entry
from omni.pages import demo
from stores import queries as stores_queries


class Command(BaseCommand):
    help = "Fill an empty database with the demo: four brands, their stores, products, stock, staff and members."

    def handle(self, *_args: object, **_options: object) -> None:
        """Build the demo world unless there is a brand already."""
        if stores_queries.active_brands().exists():
            self.stdout.write("There are brands already; nothing was changed.")
            return
        started = time.monotonic()
        with entry():
            counts = demo.build_world(now=clock.now())
        shopper = demo.find_shopper(*demo.SHOPPER_AT)
        if shopper is not None:
            demo.fill_account(shopper, now=clock.now())
        desk = demo.find_desk(demo.DESK_OF, now=clock.now())
        if desk is not None:
            demo.fill_day(desk)
        for table, rows in counts.items():
            self.stdout.write(f"{rows:>9,}  {table}")
        self.stdout.write(f"Demo data loaded in {time.monotonic() - started:.1f} s.")
