"""Two clerks at once with one shopper's code, on real connections; each guard has a control."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.conf import LazySettings
from django.db import connection

from fulfillment import services as fulfillment_services
from fulfillment.choices import PickupCodePurpose, PickupCodeStatus, Way
from fulfillment.models import CodeTries, FulfillmentOrder, PickupCode
from omni.kernel.transactions import entry
from orders import services
from orders.models import Recognition
from tests.cast import NOON, build_world
from tests.factories.fulfillment import code_of, wrong_code
from tests.factories.orders import packed_order, run_deliveries, shares_of
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def share(settings: LazySettings) -> FulfillmentOrder:
    """Return a paid order's share in store A that waits for its shopper, committed."""
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    world = build_world()
    order = packed_order(world, ("S", 2), way=Way.PICKUP, pickup_store_id=world.stores["A"].pk)
    return shares_of(order)[0]


def at_once(*works: Callable[[], object]) -> list[str]:
    """Run the works in threads that start together; return "done", or the name of each one's error, sorted."""
    start = Barrier(len(works), timeout=30)

    def run(work: Callable[[], object]) -> str:
        start.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001  the outcome is the point
            return type(error).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(works)) as pool:
        return sorted(pool.map(run, works))


def stock(world_share: FulfillmentOrder) -> tuple[int, int]:
    row = world_share.lines.select_related("reservation__level").get()
    assert row.reservation is not None
    return row.reservation.level.on_hand, row.reservation.level.allocated


def test_two_clerks_with_one_shoppers_code_hand_over_and_sell_once(share: FulfillmentOrder) -> None:
    code = code_of(share, PickupCodePurpose.SHOPPER)
    clerks = [
        lambda clerk=clerk: services.drive_collect_order(share, code=code, actor=f"user:{clerk}", now=NOON)
        for clerk in range(4)
    ]
    assert at_once(*clerks) == ["PickupCodeUsed"] * 3 + ["done"]
    run_deliveries()  # the event of the hand-over finds the sale recognised
    sales = Recognition.objects.filter(order_line__isnull=False)
    assert list(sales.values_list("quantity", "amount_fen")) == [(2, 99800)]
    assert stock(share) == (8, 0)


def test_control_code_that_is_read_before_it_is_used_lets_both_clerks_hand_over(share: FulfillmentOrder) -> None:
    """Without the Fulfillment's lock and the guarded update, both find the code alive."""
    both_have_looked = Barrier(2, timeout=30)

    def redeem_unguarded() -> None:
        with entry():
            code = PickupCode.objects.get(fulfillment_order=share, purpose=PickupCodePurpose.SHOPPER)
            both_have_looked.wait()
            assert code.status == PickupCodeStatus.ISSUED
            code.status = PickupCodeStatus.REDEEMED
            code.save()

    assert at_once(redeem_unguarded, redeem_unguarded) == ["done", "done"]


def test_guesses_of_one_person_at_once_are_all_counted(share: FulfillmentOrder) -> None:
    guess, store_id = wrong_code(share, PickupCodePurpose.SHOPPER), share.store_id or 0

    def look_up() -> None:
        fulfillment_services.drive_find_by_code(store_id, guess, actor="user:1", now=NOON)

    assert at_once(*[look_up] * 8) == ["CodesLocked"] * 3 + ["UnknownPickupCode"] * 5
    assert CodeTries.objects.get().tries_left == 0


def test_control_tries_that_are_read_and_written_back_are_lost(share: FulfillmentOrder) -> None:
    """Without the guarded update one of two guesses is free."""
    CodeTries.objects.create(store_id=share.store_id or 0, actor="user:1", tries_left=5, renewed_at=NOON)
    both_have_read = Barrier(2, timeout=30)

    def count_unguarded() -> None:
        with entry():
            tries = CodeTries.objects.get()
            both_have_read.wait()
            tries.tries_left -= 1
            tries.save()

    assert at_once(count_unguarded, count_unguarded) == ["done", "done"]
    assert CodeTries.objects.get().tries_left == 4
