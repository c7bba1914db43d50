"""Two sweepers tell of the same garment at once, on real connections; a control shows what the lock is for."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from inventory.models import StockLevel
from members import locks, services
from members.choices import ArrivalStatus
from members.models import ArrivalNotice
from members.services import arrivals
from omni.kernel.transactions import entry
from omni.messages.models import Message
from tests.cast import NOON, World, build_world
from tests.races.meeting import meeting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waited_for(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let four people wait for a size of which one garment has come back, and choosing take a while."""
    world: World = build_world()
    variant = world.variants["L"]
    StockLevel.objects.filter(variant=variant).update(on_hand=0)
    for number in range(4):
        with entry():
            services.subscribe_arrival(
                world.brand.pk, "SHIRT-L", place="310106", phone=f"1390000000{number}", member_id=None, language="en",
                now=NOON,
            )  # fmt: skip
    StockLevel.objects.filter(variant=variant, store=world.stores["A"]).update(on_hand=1)
    choose = arrivals._choose

    def choose_slowly(*given: Any) -> set[int]:  # noqa: ANN401  as it is
        chosen = choose(*given)
        time.sleep(0.4)
        return chosen

    monkeypatch.setattr(arrivals, "_choose", choose_slowly)
    return variant.pk


def look_twice_at_once(variant_id: int) -> list[str]:
    start = Barrier(2, timeout=30)

    def look(_number: int) -> str:
        start.wait()
        try:
            with entry():
                told = services.look_at_arrivals(variant_id, now=NOON)
        except Exception as error:  # noqa: BLE001  the outcome is the point
            return type(error).__name__
        finally:
            connection.close()
        return f"told {told}"

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(look, range(2)))


def told() -> tuple[int, int]:
    return ArrivalNotice.objects.filter(status=ArrivalStatus.NOTIFIED).count(), Message.objects.count()


def test_two_lookers_tell_no_more_than_there_is(waited_for: int) -> None:
    assert look_twice_at_once(waited_for) == ["told 0", "told 2"]
    assert told() == (2, 2)


def test_without_the_lock_one_of_two_lookers_fails(waited_for: int, monkeypatch: pytest.MonkeyPatch) -> None:
    unlocked: Callable[[int], list[ArrivalNotice]] = lambda variant_id: list(  # noqa: E731  stands in for one
        ArrivalNotice.objects.filter(variant=variant_id, status=ArrivalStatus.WAITING)
    )
    meet, choose = meeting(), arrivals._choose

    def choose_together(*given: Any) -> set[int]:  # noqa: ANN401  as it is
        chosen = choose(*given)
        meet()
        return chosen

    monkeypatch.setattr(arrivals, "_choose", choose_together)
    monkeypatch.setattr(locks, "lock_arrivals", unlocked)
    assert look_twice_at_once(waited_for) == ["StateConflict", "told 2"]
    assert told() == (2, 2)
