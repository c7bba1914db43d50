"""The desk's pages for express: the label, the list for the van, and scanning what it takes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fulfillment import services
from fulfillment.choices import FulfillmentOrderStatus, Way
from fulfillment.models import FulfillmentOrder, Parcel
from fulfillment.queries.labels import draw_bars
from fulfillment.services import handover
from omni.kernel import clock
from omni.kernel.transactions import entry
from stores.models import Staff
from tests.cast import NOON, World
from tests.courier import drive
from tests.factories.fulfillment import accept, accept_and_pack, offer_share, status_of
from tests.fulfillment.test_views_tasks import desk, signed_in, url
from tests.sandbox.fixture import SandboxProcess

__all__ = ["desk"]

S = FulfillmentOrderStatus


@pytest.fixture
def share(world: World) -> FulfillmentOrder:
    """A packed order whose waybill is still to be asked for."""
    return accept_and_pack(offer_share(world, way=Way.EXPRESS))


def labelled(world: World, express: SandboxProcess) -> Parcel:
    share = accept_and_pack(offer_share(world, way=Way.EXPRESS))
    drive(share)
    return Parcel.objects.get(fulfillment_order=share)


def test_task_by_express_goes_from_packing_to_the_van(desk: Client, world: World, express: SandboxProcess) -> None:
    share = accept(offer_share(world, way=Way.EXPRESS))
    desk.post(url("pack", share.number))
    assert "is being asked for a waybill" in desk.get(url("task", share.number)).content.decode()
    assert "There is no waybill yet" in desk.get(url("label", share.number)).content.decode()
    drive(share)
    parcel = Parcel.objects.get()

    page = desk.get(url("task", share.number)).content.decode()
    answer = desk.post(
        url("van-scan", world.stores["A"].pk), {"waybill": parcel.waybill.lower(), "task": share.number}, follow=True
    )

    assert "Print the express label" in page
    assert parcel.waybill in page
    assert answer.redirect_chain == [(url("task", share.number), 302)]
    assert f"{parcel.waybill} goes with the van." in answer.content.decode()
    assert (status_of(share), world.level("A", "S").on_hand) == (S.HANDED_OVER, 9)


def test_parcel_of_which_nothing_is_heard_is_settled_on_its_page(desk: Client, share: FulfillmentOrder) -> None:
    with entry():
        handover.give_to_courier(share, actor="van", now=NOON)
    early = desk.get(url("task", share.number)).content.decode()
    refused = desk.post(url("arrived", share.number), follow=True).content.decode()
    services.drive_due_routing(10, now=NOON + timedelta(hours=48))

    page = desk.get(url("task", share.number)).content.decode()
    answer = desk.post(url("arrived", share.number), follow=True).content.decode()

    assert ("It has arrived" in early, "It has arrived" in page, "It is lost: refund it" in page) == (False, True, True)
    assert "The express company has told nothing new of this parcel for too long." in page
    assert "The courier is still on the way with these goods." in refused
    assert "Written down: the parcel has arrived." in answer
    assert status_of(share) == S.DELIVERED


def test_label_by_express_has_the_waybill_and_no_whole_phone(
    desk: Client, world: World, express: SandboxProcess
) -> None:
    parcel = labelled(world, express)

    page = desk.get(url("label", parcel.fulfillment_order.number)).content.decode()

    assert page.count('class="express-label"') == 1
    assert draw_bars(parcel.waybill).path in page
    for text in (parcel.waybill, "沙盒速运", "138****8000", "南京西路 1 号", "Store A"):
        assert text in page
    assert "13800138000" not in page
    assert "王小雨" not in page


def test_van_hands_over_what_is_scanned_and_lists_the_rest(desk: Client, world: World, express: SandboxProcess) -> None:
    first, second = labelled(world, express), labelled(world, express)
    van = url("van", world.stores["A"].pk)
    assert (
        "Hand parcels to the express van"
        in desk.get(url("queue", world.stores["A"].pk), {"tab": "waiting"}).content.decode()
    )
    assert "2 parcels wait to be collected" in desk.get(van).content.decode()

    answer = desk.post(url("van-scan", world.stores["A"].pk), {"waybill": first.waybill}, follow=True)

    page = answer.content.decode()
    assert answer.redirect_chain == [(van, 302)]
    assert "1 parcel waits to be collected" in page
    assert second.waybill in page
    assert [status_of(one.fulfillment_order) for one in (first, second)] == [S.HANDED_OVER, S.LABELLED]


def test_van_with_a_waybill_of_nobody_changes_nothing(desk: Client, world: World, express: SandboxProcess) -> None:
    parcel = labelled(world, express)

    for text in ("", "SX0000000000000", "x" * 300, "\x00"):
        answer = desk.post(url("van-scan", world.stores["A"].pk), {"waybill": text}, follow=True)
        assert "No parcel of this store has that waybill." in answer.content.decode()

    assert status_of(parcel.fulfillment_order) == S.LABELLED


def test_van_with_a_stopped_parcel_keeps_it(desk: Client, world: World, express: SandboxProcess) -> None:
    parcel = labelled(world, express)
    with entry():
        services.request_cancel(parcel.fulfillment_order.fulfillment_id, actor="guest", now=clock.now())

    answer = desk.post(url("van-scan", world.stores["A"].pk), {"waybill": parcel.waybill}, follow=True)

    assert "Keep this parcel here" in answer.content.decode()
    assert (status_of(parcel.fulfillment_order), world.level("A", "S").on_hand) == (S.CANCEL_REQUESTED, 10)


def test_van_of_another_store_takes_nothing(world: World, express: SandboxProcess, clerk_b: Staff) -> None:
    parcel = labelled(world, express)
    assert clerk_b.user is not None
    stranger = signed_in(Client(), clerk_b.user)

    assert stranger.get(url("van", world.stores["A"].pk)).status_code == 404
    stranger.post(url("van-scan", world.stores["B"].pk), {"waybill": parcel.waybill})

    assert status_of(parcel.fulfillment_order) == S.LABELLED


def test_van_takes_as_many_statements_for_any_number_of_parcels(desk: Client, world: World) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.get(url("van", world.stores["A"].pk))
        return len(captured)

    def wait(count: int) -> None:
        for number in range(count):
            share = accept_and_pack(offer_share(world, way=Way.EXPRESS))
            Parcel.objects.filter(fulfillment_order=share).update(waybill=f"SX{share.pk:08d}{number}")
            FulfillmentOrder.objects.filter(pk=share.pk).update(status=S.LABELLED)

    wait(1)
    first = statements()
    wait(3)

    assert statements() == first
