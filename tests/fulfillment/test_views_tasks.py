"""The desk's pages for giving back, waves, parcels, labels and other stores."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfillment import queries, services
from fulfillment.choices import FulfillmentOrderStatus, RejectReason, Way
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine, Parcel, PickWave, RoutingRule
from inventory.models import StockLevel
from omni.accounts.models import User
from omni.kernel import clock
from omni.kernel.transactions import entry
from stores.models import Staff
from tests.cast import NOON, World
from tests.factories.fulfillment import CLERK, accept, fresh, offer_share, status_of

S = FulfillmentOrderStatus
BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user, backend=BACKEND)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def desk(client: Client, clerk_a: Staff) -> Client:
    """A clerk of store A, signed in, who reads English."""
    assert clerk_a.user is not None
    return signed_in(client, clerk_a.user)


@pytest.fixture
def manager(manager_a: Staff) -> Client:
    """The manager of store A, signed in, who reads English."""
    assert manager_a.user is not None
    return signed_in(Client(), manager_a.user)


def url(action: str, key: object) -> str:
    return reverse(f"fulfillment:desk-{action}", args=[key])


def begin_wave(world: World, *shares: FulfillmentOrder) -> PickWave:
    with entry():
        return services.start_wave(world.stores["A"].pk, [one.pk for one in shares], actor=CLERK, now=clock.now())


def picked(share: FulfillmentOrder) -> list[int]:
    return list(share.lines.order_by("pk").values_list("picked", flat=True))


# Giving back


def given(share: FulfillmentOrder, size: str, units: object, reason: str, **more: str) -> dict[str, object]:
    line = share.lines.get(fulfillment_line__variant__size=size).pk
    return {f"units_{line}": units, f"reason_{line}": reason, **more}


def test_give_back_of_some_pieces_keeps_the_rest(desk: Client, world: World) -> None:
    share = accept(offer_share(world, units={"S": 2, "M": 1}))

    answer = desk.post(url("give-back", share.number), given(share, "M", 1, "not_found"), follow=True)

    assert answer.redirect_chain == [(url("task", share.number), 302)]
    assert "Another store is being found for these pieces." in answer.content.decode()
    assert (status_of(share), world.level("A", "M").on_hand, share.lines.count()) == (S.ACCEPTED, 1, 1)


def test_give_back_of_an_offer_accepts_the_rest(desk: Client, world: World) -> None:
    share = offer_share(world, units={"S": 2, "M": 1})

    desk.post(url("give-back", share.number), given(share, "M", 1, "damaged", act="accept"))

    assert (status_of(share), world.level("A", "M").unsellable) == (S.ACCEPTED, 1)


def test_give_back_that_may_not_be_split_says_why_and_asks_for_the_whole(desk: Client, world: World) -> None:
    RoutingRule.objects.create(brand=world.brand, max_stores=1)
    share = accept(offer_share(world, units={"S": 2, "M": 1}))

    answer = desk.post(url("give-back", share.number), given(share, "M", 1, "not_found"))

    page = answer.content.decode()
    assert (answer.status_code, status_of(share), world.level("A", "M").on_hand) == (422, S.ACCEPTED, 2)
    assert "at most 1 stores, so the whole order is given back" in page
    assert "Give the whole order back" in page

    desk.post(url("give-back", share.number), given(share, "M", 1, "not_found", act="whole"))
    assert (status_of(share), world.level("A", "M").on_hand, world.level("A", "S").on_hand) == (S.REJECTED, 1, 10)


@pytest.mark.parametrize(
    ("units", "reason", "said"),
    [
        ("1", "", "Choose a reason."),
        ("3", "not_found", "less than or equal to 1"),
        ("-1", "not_found", "greater than or equal to 0"),
        ("x", "not_found", "Enter a whole number."),
        ("1", "displaced", "Select a valid choice."),
        ("", "", "Say how many units of which goods are given back."),
        ("0", "damaged", "Say how many units of which goods are given back."),
    ],
)
def test_give_back_with_bad_input_says_so_beside_it_and_changes_nothing(
    desk: Client, world: World, units: str, reason: str, said: str
) -> None:
    share = accept(offer_share(world, units={"S": 2, "M": 1}))

    answer = desk.post(url("give-back", share.number), given(share, "M", units, reason))

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert (status_of(share), share.lines.count(), world.level("A", "M").on_hand) == (S.ACCEPTED, 2, 2)


def test_give_back_from_the_list_has_the_missing_line_filled_in(desk: Client, world: World) -> None:
    share = accept(offer_share(world, units={"S": 2, "M": 1}))
    line = share.lines.get(fulfillment_line__variant__size="M").pk

    page = desk.get(url("give-back", share.number), {"line": line}).content.decode()

    assert f'name="units_{line}" value="1"' in page
    assert page.count('<option value="not_found" selected>') == 1


def test_task_warns_of_goods_that_somebody_did_not_find(desk: Client, world: World) -> None:
    first, second = accept(offer_share(world, units={"M": 1, "S": 1})), offer_share(world, units={"M": 1})
    desk.post(url("give-back", first.number), given(first, "M", 1, "not_found"))

    page = desk.get(url("task", second.number)).content.decode()
    queue = desk.get(url("queue", world.stores["A"].pk)).content.decode()

    assert "Somebody did not find this: check the shelf." in page
    assert "Check the shelf first" in queue
    assert "Check the shelf first" not in desk.get(url("task", first.number)).content.decode()


# Waves


def test_wave_is_one_list_in_the_order_of_the_shelves(desk: Client, world: World) -> None:
    first = accept(offer_share(world, units={"S": 1, "M": 1}))
    second = accept(offer_share(world, units={"S": 2}))
    StockLevel.objects.filter(store=world.stores["A"], variant=world.variants["M"]).update(bin="A-2")
    StockLevel.objects.filter(store=world.stores["A"], variant=world.variants["S"]).update(bin="A-10")

    answer = desk.post(url("wave", world.stores["A"].pk), {"tasks": [first.number, second.number]})

    wave = PickWave.objects.get()
    assert answer["Location"] == url("wave-list", wave.number)
    page = queries.load_wave(wave)
    assert [(row.bin, row.size, row.quantity) for row in page.rows] == [("A-2", "M", 1), ("A-10", "S", 3)]
    assert [(part.basket, part.quantity) for part in page.rows[1].parts] == [(1, 1), (2, 2)]
    shown = desk.get(url("wave-list", wave.number)).content.decode()
    assert shown.index("A-2") < shown.index("A-10")


def test_rows_without_a_place_come_last_by_kind_style_colour_and_size(world: World) -> None:
    share = accept(offer_share(world, units={"M": 1, "S": 1}))
    other = accept(offer_share(world, units={"M": 1}))
    wave = begin_wave(world, share, other)
    assert [row.size for row in queries.load_wave(wave).rows] == ["S", "M"]

    StockLevel.objects.filter(store=world.stores["A"], variant=world.variants["M"]).update(bin="Z-9")
    assert [row.size for row in queries.load_wave(wave).rows] == ["M", "S"]


def test_wave_without_an_order_or_with_one_that_is_gone_is_refused(desk: Client, world: World) -> None:
    share = accept(offer_share(world))
    begin_wave(world, share)

    nothing = desk.post(url("wave", world.stores["A"].pk), {})
    gone = desk.post(url("wave", world.stores["A"].pk), {"tasks": share.number})

    assert (nothing.status_code, gone.status_code, PickWave.objects.count()) == (422, 422, 1)
    assert "Choose the orders." in nothing.content.decode()
    assert "Somebody else has one of them by now." in gone.content.decode()


def test_scan_that_arrives_twice_counts_once_and_another_key_counts_again(desk: Client, world: World) -> None:
    share = accept(offer_share(world, units={"S": 3}))
    wave = begin_wave(world, share)
    keys = [uuid.uuid4(), uuid.uuid4()]

    for key in (keys[0], keys[0], keys[1]):
        desk.post(url("wave-scan", wave.number), {"code": "SHIRT-S", "once": key})

    assert picked(share) == [2]


def test_scan_says_into_which_basket_and_a_wrong_one_what_it_is(desk: Client, world: World) -> None:
    first, second = accept(offer_share(world)), accept(offer_share(world, units={"S": 1, "M": 1}))
    wave = begin_wave(world, first, second)

    right = desk.post(url("wave-scan", wave.number), {"code": "SHIRT-M"}, follow=True).content.decode()
    wrong = desk.post(url("wave-scan", wave.number), {"code": "SHIRT-L"}, follow=True).content.decode()

    assert "SHIRT-M: into basket 2. All of it is here." in right
    assert "SHIRT-L is not on this list." in wrong
    assert (picked(first), picked(second)) == ([0], [0, 1])


def test_basket_keeps_its_number_when_another_order_leaves(world: World) -> None:
    first, second = accept(offer_share(world)), accept(offer_share(world, units={"M": 1}))
    wave = begin_wave(world, first, second)

    with entry():
        services.reject_task(first.pk, reason=RejectReason.TOO_BUSY, actor=CLERK, now=NOON)

    assert [(task.basket, task.number) for task in queries.load_wave(wave).tasks] == [(2, second.number)]


def test_buttons_of_the_list_pick_take_back_and_move(desk: Client, world: World) -> None:
    share = accept(offer_share(world, units={"S": 2}))
    wave, line = begin_wave(world, share), share.lines.get().pk

    desk.post(url("wave-pick", wave.number), {"line": line})
    desk.post(url("wave-pick", wave.number), {"line": line})
    assert picked(share) == [2]
    desk.post(url("wave-put-back", wave.number), {"line": line})
    assert picked(share) == [1]
    desk.post(url("wave-bin", wave.number), {"line": line, "bin": "b-7"})
    assert world.level("A", "S").bin == "B-7"
    refused = desk.post(url("wave-bin", wave.number), {"line": line, "bin": "<b>"}, follow=True).content.decode()
    assert "A place is at most 20 letters" in refused
    assert world.level("A", "S").bin == "B-7"


def test_a_piece_that_is_missing_is_given_back_from_the_list_and_leads_back_to_it(desk: Client, world: World) -> None:
    share = accept(offer_share(world, units={"S": 1, "M": 1}))
    wave = begin_wave(world, share)

    answer = desk.post(url("give-back", share.number), given(share, "M", 1, "not_found"))

    assert answer["Location"] == url("wave-list", wave.number)
    assert [row.size for row in queries.load_wave(wave).rows] == ["S"]


def test_finish_packs_the_complete_orders(desk: Client, world: World) -> None:
    ready, lacking = accept(offer_share(world)), accept(offer_share(world, units={"M": 1}))
    wave = begin_wave(world, ready, lacking)
    desk.post(url("wave-scan", wave.number), {"code": "SHIRT-S"})

    page = desk.post(url("wave-finish", wave.number), follow=True).content.decode()

    assert "1 order packed. 1 goes on alone." in page
    assert (status_of(ready), status_of(lacking)) == (S.AWAITING_COURIER, S.PICKING)


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert b"SHIRT-S" in client.get(address).content
    return len(captured)


def test_wave_needs_the_same_queries_for_three_orders_and_for_nine(desk: Client, world: World) -> None:
    shares = [accept(offer_share(world)) for _order in range(9)]
    few, many = begin_wave(world, *shares[:3]), begin_wave(world, *shares[3:])

    assert (queries_of(desk, url("wave-list", few.number)), queries_of(desk, url("wave-list", many.number))) == (10, 10)


# Parcels and labels


def test_pack_into_several_parcels_with_weights(desk: Client, world: World) -> None:
    share = accept(offer_share(world, units={"S": 2}))

    desk.post(url("pack", share.number), {"parcels": "2", "weight_1": "450", "weight_3": "9"})

    assert list(Parcel.objects.order_by("position").values_list("weight_grams", flat=True)) == [450, None]


@pytest.mark.parametrize("fields", [{"parcels": "7"}, {"parcels": "0"}, {"parcels": "1", "weight_1": "0"}])
def test_pack_with_bad_input_packs_nothing(desk: Client, world: World, fields: dict[str, str]) -> None:
    share = accept(offer_share(world))

    page = desk.post(url("pack", share.number), fields, follow=True).content.decode()

    assert 'class="alert alert-error"' in page
    assert (status_of(share), Parcel.objects.count()) == (S.ACCEPTED, 0)


def test_label_says_what_it_may_and_no_more(desk: Client, world: World) -> None:
    share = accept(offer_share(world, units={"S": 2}))
    with entry():
        services.pack(share.pk, actor=CLERK, now=NOON, weights_grams=(450, None))

    page = desk.get(url("label", share.number)).content.decode()

    numbers = list(Parcel.objects.order_by("position").values_list("number", flat=True))
    assert all(number in page for number in numbers)
    assert ("1/2" in page, "2/2" in page, "450 g" in page) == (True, True, True)
    assert ("王**" in page, "138****8000" in page, "南京西路 1 号" in page) == (True, True, True)
    assert ("王小雨" in page, "13800138000" in page, "style=" in page) == (False, False, False)


def test_label_of_what_is_not_packed_says_so(desk: Client, world: World) -> None:
    page = desk.get(url("label", accept(offer_share(world)).number)).content.decode()

    assert "There are no parcels yet: pack the order first." in page
    assert "parcel-label" not in page


def test_parcels_are_scanned_one_by_one(desk: Client, world: World) -> None:
    share, other = accept(offer_share(world, units={"S": 2})), accept(offer_share(world))
    with entry():
        services.pack(share.pk, actor=CLERK, now=NOON, weights_grams=(None, None))
        services.pack(other.pk, actor=CLERK, now=NOON)
    first, second = share.parcels.order_by("position")

    def scan(text: str) -> str:
        return desk.post(url("parcels", share.number), {"parcel": text}, follow=True).content.decode()

    assert "Parcel 1 scanned." in scan(first.number)
    assert "This parcel belongs to another order" in scan(other.parcels.get().number)
    assert "That is no parcel of this store." in scan("K0000-00000-00000")
    assert "Parcel 2 scanned." in scan(f"omni:parcel:1:{second.number}")
    assert [parcel.loaded_at is not None for parcel in Parcel.objects.order_by("pk")] == [True, True, False]


# The manager


def test_queue_puts_what_is_overdue_first_in_words(desk: Client, world: World) -> None:
    soon, late = accept(offer_share(world)), accept(offer_share(world))
    FulfillmentOrder.objects.filter(pk=late.pk).update(overdue_at=NOON, deadline_at=NOON + timedelta(hours=9))

    page = desk.get(url("queue", world.stores["A"].pk), {"tab": "prepare"}).content.decode()

    assert page.index(late.number) < page.index(soon.number)
    assert "Overdue since 12:00" in page
    assert "1 order is overdue" in page


def test_manager_sees_what_was_escalated_and_gives_it_to_another_store(manager: Client, world: World) -> None:
    share = accept(offer_share(world))
    late = NOON + timedelta(hours=1)
    services.drive_due_routing(5, now=late)
    FulfillmentOrder.objects.filter(pk=share.pk).update(overdue_at=clock.now())
    fulfillment_escalation = share.escalations.get()
    assert (fulfillment_escalation.status, fulfillment_escalation.raised_at) == (S.ACCEPTED, late)

    choice = manager.get(url("reassign", share.number)).content.decode()
    answer = manager.post(url("reassign", share.number), {"store": world.stores["B"].pk})

    assert "Store B" in choice
    assert answer["Location"] == url("escalations", world.stores["A"].pk)
    assert (status_of(share), fresh(share).reject_reason) == (S.REJECTED, RejectReason.REASSIGNED)
    assert FulfillmentOrder.objects.get(status=S.PENDING_ROUTING).wanted_store == world.stores["B"]


def test_reassign_to_a_store_that_cannot_says_so(manager: Client, world: World) -> None:
    share = accept(offer_share(world))

    answer = manager.post(url("reassign", share.number), {"store": world.other_store.pk})

    assert (answer.status_code, status_of(share)) == (422, S.ACCEPTED)
    assert "That store cannot do it any more. Choose another." in answer.content.decode()


def test_reassign_of_a_collection_offers_no_store(manager: Client, world: World) -> None:
    share = accept(offer_share(world, way=Way.PICKUP))

    answer = manager.post(url("reassign", share.number), {"store": ""})

    assert (answer.status_code, status_of(share)) == (422, S.ACCEPTED)
    assert [row.pk for row in FulfillmentOrder.objects.all()] == [share.pk]


@pytest.mark.parametrize("action", ["reassign", "give-back", "label", "parcels"])
def test_another_stores_clerk_finds_no_task(client: Client, clerk_b: Staff, world: World, action: str) -> None:
    share = accept(offer_share(world))
    assert clerk_b.user is not None
    other = signed_in(client, clerk_b.user)

    answers = {other.get(url(action, share.number)).status_code, other.post(url(action, share.number)).status_code}

    assert answers <= {404, 405}
    assert (status_of(share), FulfillmentOrderLine.objects.count()) == (S.ACCEPTED, 1)
