"""What follows the orders of the history: somebody waits for a size, and somebody was told that one is back."""

from members import services
from omni.kernel.transactions import entry
from tests.cast import NOON, World


def wait_for_size(world: World) -> None:
    """Let one person be told, and another wait."""
    for phone, place in (("13900000001", "310106"), ("13900000002", "330102")):
        with entry():
            services.subscribe_arrival(
                world.brand.pk, "SHIRT-S", place=place, phone=phone, member_id=None, language="en", now=NOON
            )
    services.drive_due_arrivals(now=NOON)
