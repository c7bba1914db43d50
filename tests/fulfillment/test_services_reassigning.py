from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import translation

from fulfillment import queries, services
from fulfillment.choices import FulfillmentOrderStatus, RejectReason, Way
from fulfillment.models import FulfillmentOrder
from omni.kernel.states import StateConflict
from omni.kernel.transactions import entry
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.fulfillment import CLERK, accept, accept_and_pack, fresh, offer_share, status_of

S = FulfillmentOrderStatus
LATER = NOON + timedelta(minutes=5)
MANAGER = "user:3"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Read what is said in English."""
    with translation.override("en"):
        yield


@pytest.fixture
def audited(audited: Audited) -> Audited:
    audited.now = LATER
    return audited


def reassign(share: FulfillmentOrder, to: int | None) -> FulfillmentOrder:
    with entry():
        follower_id = services.reassign(share.pk, to_store_id=to, actor=MANAGER, now=LATER)
    with entry():
        services.route(follower_id, now=LATER)
    return FulfillmentOrder.objects.get(pk=follower_id)


def test_other_stores_are_those_that_have_everything_the_nearest_first(world: World) -> None:
    share = fresh(accept(offer_share(world, units={"S": 1, "M": 2})))

    others = queries.other_stores(share, now=LATER)

    assert [(other.store_id, other.opens_in, other.used) for other in others] == [(world.stores["B"].pk, 0, 0)]
    assert 2_500 < others[0].metres < 3_500


@pytest.mark.usefixtures("audited")
def test_reassign_to_a_chosen_store_offers_it_there(world: World) -> None:
    share = accept(offer_share(world))

    follower = reassign(share, world.stores["B"].pk)

    assert (status_of(share), fresh(share).reject_reason) == (S.REJECTED, RejectReason.REASSIGNED)
    assert (follower.status, follower.store, follower.attempt) == (S.OFFERED, world.stores["B"], 1)
    assert (world.level("A", "S").allocated, world.level("B", "S").allocated) == (0, 1)


@pytest.mark.usefixtures("audited")
def test_reassign_to_no_store_in_particular_leaves_this_one_out(world: World) -> None:
    follower = reassign(offer_share(world), None)

    assert (follower.status, follower.store) == (S.OFFERED, world.stores["B"])


@pytest.mark.usefixtures("audited")
def test_reassign_to_a_store_that_lost_the_goods_meanwhile_finds_another(world: World) -> None:
    share = accept(offer_share(world))
    with entry():
        follower_id = services.reassign(share.pk, to_store_id=world.stores["B"].pk, actor=MANAGER, now=LATER)
    world.level("B", "S").__class__.objects.filter(store=world.stores["B"]).update(safety=5)

    with entry():
        services.route(follower_id, now=LATER)

    assert FulfillmentOrder.objects.get(pk=follower_id).status == S.UNFILLABLE


@pytest.mark.parametrize("name", ["A", "C", "other"])
def test_reassign_to_a_store_that_cannot_changes_nothing(world: World, name: str) -> None:
    share = accept(offer_share(world, units={"S": 2}))
    store = world.other_store if name == "other" else world.stores[name]

    with pytest.raises(services.CannotReassign, match="cannot do it any more"):
        reassign(share, store.pk)

    assert (status_of(share), FulfillmentOrder.objects.count()) == (S.ACCEPTED, 1)


def test_reassign_of_a_collection_is_refused(world: World) -> None:
    share = accept(offer_share(world, way=Way.PICKUP))

    with pytest.raises(services.CannotReassign, match="comes to this store"):
        reassign(share, None)

    assert status_of(share) == S.ACCEPTED


def test_reassign_of_what_is_packed_is_refused(world: World) -> None:
    share = accept_and_pack(offer_share(world))

    with pytest.raises(StateConflict):
        reassign(share, None)

    assert status_of(share) == S.AWAITING_COURIER


@pytest.mark.usefixtures("audited")
def test_reassign_of_a_parked_order_asks_the_chosen_store(world: World) -> None:
    share = offer_share(world, units={"S": 1, "M": 2})
    with entry():
        follower_id = services.reject_offer(share.pk, reason=RejectReason.TOO_BUSY, actor=CLERK, now=NOON)
    assert follower_id is not None
    parked = FulfillmentOrder.objects.get(pk=follower_id)
    FulfillmentOrder.objects.filter(pk=parked.pk).update(attempt=9)
    with entry():
        services.route(parked.pk, now=NOON)
    assert status_of(parked) == S.UNFILLABLE
    assert list(queries.reassignable(share.fulfillment_id, now=LATER)) == [parked.number]

    follower = reassign(parked, world.stores["B"].pk)

    assert (follower.pk, follower.status, follower.store, follower.parked_at) == (
        parked.pk, S.OFFERED, world.stores["B"], None,
    )  # fmt: skip


def test_an_overdue_order_is_escalated_with_a_row_of_its_own(world: World) -> None:
    share = accept(offer_share(world))
    services.drive_due_routing(5, now=NOON + timedelta(hours=1))

    (view,) = queries.load_escalations(world.stores["A"].pk, now=NOON + timedelta(hours=1))

    assert (view.number, view.raised_at, view.is_open, view.status, view.told) == (
        share.number, NOON + timedelta(hours=1), True, S.ACCEPTED, (),
    )  # fmt: skip
    assert list(queries.reassignable(share.fulfillment_id, now=LATER)) == [share.number]
    assert queries.load_escalations(world.stores["B"].pk, now=NOON + timedelta(hours=1)) == ()
