from datetime import datetime, timedelta

import pytest

from inventory.models import StockLevel
from members import services
from members.models import ArrivalNotice
from members.rules import arrivals as rules
from members.rules.arrivals import LIFE, Stand, Waiting, choose_told
from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.transactions import entry
from omni.messages.models import Message
from tests.cast import NOON, World

pytestmark = pytest.mark.django_db
JINGAN, HANGZHOU = "310106", "330102"


def wait(world: World, number: int = 0, *, place: str = JINGAN, sku: str = "SHIRT-L", now: datetime = NOON) -> int:
    with entry():
        return services.subscribe_arrival(
            world.brand.pk, sku, place=place, phone=f"139{number:08d}", member_id=None, language="en", now=now
        )


def sell_out(world: World, size: str = "L") -> None:
    StockLevel.objects.filter(variant=world.variants[size]).update(on_hand=0)


def restock(world: World, store: str, units: int, size: str = "L") -> None:
    StockLevel.objects.filter(variant=world.variants[size], store=world.stores[store]).update(on_hand=units)


def look(now: datetime = NOON) -> int:
    return services.drive_due_arrivals(now=now)


def statuses() -> list[str]:
    return list(ArrivalNotice.objects.order_by("pk").values_list("status", flat=True))


def test_choose_told_gives_two_places_for_a_unit_first_come_first() -> None:
    here = [Waiting(number, 31.23, 121.45) for number in range(4)]
    assert choose_told([Stand(31.23, 121.46, 1)], [], here) == [0, 1]
    assert choose_told([Stand(31.23, 121.46, 1)], here[:1], here[1:]) == [1]


def test_choose_told_leaves_out_who_is_far_away() -> None:
    near, far = Waiting(1, 31.23, 121.45), Waiting(2, 30.26, 120.16)
    assert choose_told([Stand(31.23, 121.46, 5)], [], [far, near]) == [1]


def test_who_waits_is_told_once_when_it_is_back_near_them(world: World) -> None:
    sell_out(world)
    wait(world, 1)
    wait(world, 2, place=HANGZHOU)
    assert look() == 0
    restock(world, "A", 1)
    assert look(NOON + timedelta(seconds=59)) == 0
    assert look(NOON + timedelta(seconds=60)) == 1
    assert look(NOON + timedelta(minutes=5)) == 0
    assert statuses() == ["notified", "waiting"]
    message = Message.objects.get()
    assert (message.template, message.purpose, message.language) == ("arrival", "marketing", "en")


def test_more_wait_than_there_is_only_twice_as_many_are_told(world: World) -> None:
    sell_out(world)
    for number in range(5):
        wait(world, number, now=NOON + timedelta(seconds=number))
    restock(world, "A", 1)
    assert look(NOON + timedelta(minutes=1)) == 2
    assert statuses() == ["notified", "notified", "waiting", "waiting", "waiting"]
    assert look(NOON + timedelta(hours=20)) == 0
    assert look(NOON + timedelta(hours=30)) == 2


def test_message_at_night_waits_for_the_morning(world: World) -> None:
    night = NOON + timedelta(hours=11)  # eleven in the evening in Shanghai
    wait(world, 1, now=night)
    assert look(night) == 1
    assert Message.objects.get().next_attempt_at == datetime(2026, 3, 17, 1, 0, tzinfo=NOON.tzinfo)


def test_who_asks_again_keeps_the_turn_and_moves_the_place(world: World) -> None:
    sell_out(world)
    first = wait(world, 1)
    assert wait(world, 1, place=HANGZHOU, now=NOON + timedelta(days=1)) == first
    notice = ArrivalNotice.objects.get()
    assert (notice.created_at, notice.district_id) == (NOON, HANGZHOU)
    assert notice.expires_at == NOON + timedelta(days=1) + LIFE


def test_who_waited_ninety_days_is_told_nothing_more(world: World) -> None:
    sell_out(world)
    wait(world, 1)
    restock(world, "A", 1)
    assert look(NOON + LIFE) == 0
    assert (statuses(), Message.objects.count()) == (["expired"], 0)


def test_stop_arrival_takes_the_wish_back(world: World) -> None:
    sell_out(world)
    token = services.sign_token(wait(world, 1))
    for _again in range(2):
        with entry():
            services.stop_arrival(token, now=NOON)
    restock(world, "A", 1)
    assert (look(NOON + timedelta(minutes=1)), statuses()) == (0, ["stopped"])


@pytest.mark.parametrize(("changes", "error"), [({"sku": "NONE"}, NotFound), ({"place": "999999"}, InvalidInput)])
def test_subscribe_arrival_refuses_what_it_does_not_know(
    world: World, changes: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        wait(world, 1, **changes)  # type: ignore[arg-type]  # texts
    assert ArrivalNotice.objects.count() == 0


def test_phone_waits_for_so_many_sizes_at_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_WAITING", 1)
    wait(world, 1)
    with pytest.raises(services.TooManyNotices):
        wait(world, 1, sku="SHIRT-S")
    assert ArrivalNotice.objects.count() == 1
