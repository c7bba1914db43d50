"""Two clerks on one task, one wave, one piece. Each race has a control that shows what prevents it."""

from collections.abc import Callable

import pytest
from django.db.models import F

from fulfillment import locks, services
from fulfillment.choices import FulfillmentOrderStatus, RejectReason, Way
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine, Parcel, PickWave
from fulfillment.queries import searches
from fulfillment.services import giving_back, packing, reassigning, routing, store_work, waves
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from tests.audit_fixture import broken_claims
from tests.cast import NOON, World, build_world
from tests.factories.fulfillment import CLERK, accept, fresh, offer_share, status_of
from tests.races.meeting import meeting
from tests.races.test_pickup_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

S = FulfillmentOrderStatus


@pytest.fixture
def small_world() -> World:
    """Return the small world, committed."""
    return build_world()


def step(function: Callable[..., object], *args: object, **kwargs: object) -> Callable[[], None]:
    """Return the step as a work of its own entry."""

    def run() -> None:
        with entry():
            function(*args, actor=CLERK, now=NOON, **kwargs)

    return run


def pick(wave: PickWave) -> Callable[[], None]:
    """Return the scan of one S as a work of its own entry."""

    def run() -> None:
        with entry():
            services.pick_unit(wave, "SHIRT-S")

    return run


def begin_wave(world: World, *shares: FulfillmentOrder) -> PickWave:
    with entry():
        return services.start_wave(world.stores["A"].pk, [one.pk for one in shares], actor=CLERK, now=NOON)


def picked(share: FulfillmentOrder) -> list[int]:
    return list(share.lines.order_by("pk").values_list("picked", flat=True))


@pytest.mark.parametrize("turn", range(4))
def test_one_offer_and_two_clerks_is_accepted_once_or_given_back_once(small_world: World, turn: int) -> None:
    share = offer_share(small_world)

    outcomes = at_once(
        step(services.accept_offer, share.pk),
        step(services.accept_offer, share.pk),
        step(services.reject_task, share.pk, reason=RejectReason.TOO_BUSY),
    )

    assert outcomes.count("done") in {1, 2}
    if outcomes[2] == "done":
        assert (status_of(share), FulfillmentOrder.objects.count()) == (S.REJECTED, 2)
    else:
        assert (status_of(share), outcomes.count("done")) == (S.ACCEPTED, 1)
    assert broken_claims(NOON) == {}


def test_an_offer_without_lock_and_compare_and_set_is_accepted_by_both(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: who looks before the other has written accepts too, and those above hear of it twice."""
    share = offer_share(small_world, way=Way.PICKUP)
    monkeypatch.setattr(store_work, "lock_in", read_together())
    monkeypatch.setattr(store_work, "transition", write_status)

    outcomes = at_once(*[step(services.accept_offer, share.pk)] * 2)

    assert outcomes == ["done", "done"]
    assert Event.objects.filter(name="fulfillment.FulfillmentOrderAccepted").count() == 2


def read_together() -> Callable[..., FulfillmentOrder]:
    """Return what reads a share without its lock, for two who have both read it before either writes."""
    meet = meeting()

    def read(share_id: int, *_statuses: object) -> FulfillmentOrder:
        share = unlocked_share(share_id)
        meet()
        return share

    return read


def write_status(share: FulfillmentOrder, *, to: str, **_log: object) -> None:
    """Change a status as code without compare-and-set would."""
    FulfillmentOrder.objects.filter(pk=share.pk).update(status=to)
    share.status = to


@pytest.mark.parametrize("turn", range(4))
def test_one_missing_piece_given_back_by_two_clerks_leaves_once(small_world: World, turn: int) -> None:
    share = accept(offer_share(small_world, units={"S": 1, "M": 1}))
    line = share.lines.get(fulfillment_line__variant=small_world.variants["M"])
    given = [services.GivenLine(line.pk, 1, RejectReason.NOT_FOUND)]

    outcomes = at_once(*[step(services.give_back_lines, share.pk, given)] * 2)

    assert sorted(outcomes) == ["NotThatMany", "done"]
    assert (small_world.level("A", "M").on_hand, share.lines.count(), status_of(share)) == (1, 1, S.ACCEPTED)
    assert broken_claims(NOON) == {}


def test_a_piece_given_back_without_the_lock_leaves_the_books_twice(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: who reads the lines before the demand is locked gives back what another has given back already."""
    share = accept(offer_share(small_world, units={"S": 3}))
    line = share.lines.get()
    given = [services.GivenLine(line.pk, 2, RejectReason.TOO_BUSY)]
    meet, read_lines = meeting(), searches.lines_of

    def lines_read_together(share: FulfillmentOrder) -> list[FulfillmentOrderLine]:
        lines = read_lines(share)
        meet()
        return lines

    monkeypatch.setattr(giving_back, "lock_in", unlocked_share)
    monkeypatch.setattr(giving_back, "lines_of", lines_read_together)

    outcomes = at_once(*[step(services.give_back_lines, share.pk, given)] * 2)

    assert outcomes != ["NotThatMany", "done"]
    assert outcomes != ["done", "NotThatMany"]


def unlocked_share(share_id: int, *_statuses: object) -> FulfillmentOrder:
    """Read a share without its lock."""
    return FulfillmentOrder.objects.select_related("fulfillment").get(pk=share_id)


@pytest.mark.parametrize("turn", range(4))
def test_one_missing_unit_of_a_wave_is_picked_by_one_of_two_clerks(small_world: World, turn: int) -> None:
    share = accept(offer_share(small_world, units={"S": 1, "M": 1}))
    wave = begin_wave(small_world, share)

    outcomes = at_once(*[pick(wave)] * 2)

    assert sorted(outcomes) == ["AllPicked", "done"]
    assert picked(share) == [1, 0]


def test_five_clerks_fill_a_wave_without_a_unit_too_many(small_world: World) -> None:
    shares = [accept(offer_share(small_world)) for _order in range(3)]
    wave = begin_wave(small_world, *shares)

    outcomes = at_once(*[pick(wave)] * 5)

    assert sorted(outcomes) == ["AllPicked", "AllPicked", "done", "done", "done"]
    assert [picked(share) for share in shares] == [[1], [1], [1]]


def test_units_counted_after_a_look_are_picked_twice(small_world: World) -> None:
    """Control: who looks first and counts after it picks a unit that another has picked."""
    share = accept(offer_share(small_world, units={"S": 2}))
    line = share.lines.get()
    FulfillmentOrderLine.objects.filter(pk=line.pk).update(picked=1)
    meet = meeting()

    def pick_after_a_look() -> None:
        with entry():
            seen = FulfillmentOrderLine.objects.get(pk=line.pk)
            meet()
            if seen.picked < seen.quantity:
                FulfillmentOrderLine.objects.filter(pk=line.pk).update(picked=seen.picked + 1)

    outcomes = at_once(*[pick_after_a_look] * 2)

    # Both say that they picked it, and there is one.
    assert (outcomes, picked(share)) == (["done", "done"], [2])


def test_the_count_itself_refuses_a_unit_too_many(small_world: World) -> None:
    share = accept(offer_share(small_world))

    def pick_blindly() -> None:
        with entry():
            FulfillmentOrderLine.objects.filter(fulfillment_order=share).update(picked=F("picked") + 1)

    assert sorted(at_once(*[pick_blindly] * 2)) == ["IntegrityError", "done"]
    assert picked(share) == [1]


@pytest.mark.parametrize("turn", range(4))
def test_one_order_joins_one_of_two_waves(small_world: World, turn: int) -> None:
    share = accept(offer_share(small_world))
    store = small_world.stores["A"].pk

    outcomes = at_once(*[step(services.start_wave, store, [share.pk])] * 2)

    assert sorted(outcomes) == ["TasksTaken", "done"]
    assert (PickWave.objects.count(), fresh(share).wave) == (1, PickWave.objects.get())


def test_without_the_lock_an_order_joins_two_waves(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: two who look at an order that is being picked alone both take it."""
    share = accept(offer_share(small_world))
    with entry():
        services.start_picking(share.pk, actor=CLERK, now=NOON)
    meet = meeting()

    def look(ids: list[int]) -> list[FulfillmentOrder]:
        shares = list(FulfillmentOrder.objects.filter(pk__in=ids).select_related("fulfillment"))
        meet()
        return shares

    monkeypatch.setattr(locks, "lock_shares", look)
    outcomes = at_once(*[step(waves.start_wave, small_world.stores["A"].pk, [share.pk])] * 2)

    assert (outcomes, PickWave.objects.count()) == (["done", "done"], 2)


@pytest.mark.parametrize("turn", range(4))
def test_one_order_packed_by_two_clerks_has_the_parcels_of_one(small_world: World, turn: int) -> None:
    share = accept(offer_share(small_world))

    outcomes = at_once(step(services.pack, share.pk), step(services.pack, share.pk, weights_grams=(300, 400)))

    assert sorted(outcomes) == ["StateConflict", "done"]
    assert Parcel.objects.count() == (1 if outcomes[0] == "done" else 2)
    assert status_of(share) == S.AWAITING_COURIER


def test_packed_without_the_lock_the_status_itself_refuses_the_second(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: without the lock both pass the look at the status; compare-and-set and the parcels' places stop one."""
    share = accept(offer_share(small_world))
    monkeypatch.setattr(packing, "lock_in", unlocked_share)
    monkeypatch.setattr(packing, "transition", lambda share, **_kwargs: None)

    outcomes = at_once(*[step(services.pack, share.pk)] * 2)

    assert sorted(outcomes) == ["IntegrityError", "done"]


@pytest.mark.parametrize("turn", range(4))
def test_packing_as_the_manager_gives_it_away_ends_in_one_of_both(small_world: World, turn: int) -> None:
    share = accept(offer_share(small_world))

    outcomes = at_once(
        step(services.pack, share.pk),
        step(services.reassign, share.pk, to_store_id=small_world.stores["B"].pk),
    )

    assert sorted(outcomes) == ["StateConflict", "done"]
    assert status_of(share) == (S.AWAITING_COURIER if outcomes[0] == "done" else S.REJECTED)
    assert broken_claims(NOON) == {}


def test_packed_and_given_away_without_lock_and_compare_and_set_is_both(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the parcel lies packed in one store, and another one is to be found for the same goods."""
    share, read = accept(offer_share(small_world)), read_together()
    for module in (packing, reassigning):
        monkeypatch.setattr(module, "lock_in", read)
    for module in (packing, routing):
        monkeypatch.setattr(module, "transition", write_status)

    outcomes = at_once(
        step(services.pack, share.pk),
        step(services.reassign, share.pk, to_store_id=small_world.stores["B"].pk),
    )

    assert outcomes == ["done", "done"]
    assert (Parcel.objects.count(), FulfillmentOrder.objects.exclude(pk=share.pk).count()) == (1, 1)


def test_a_round_that_two_clerks_end_leaves_an_order_alone_that_joined_another(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the round and the locks, somebody has ended it and begun another with its order."""
    share = accept(offer_share(small_world))
    wave = begin_wave(small_world, share)
    lock_shares, later = locks.lock_shares, list[PickWave]()

    def lock_late(ids: list[int]) -> list[FulfillmentOrder]:
        monkeypatch.setattr(locks, "lock_shares", lock_shares)

        def move_on() -> None:
            with entry():
                services.finish_wave(wave, actor=CLERK, now=NOON)
            later.append(begin_wave(small_world, share))

        assert at_once(move_on) == ["done"]
        return lock_shares(ids)

    monkeypatch.setattr(locks, "lock_shares", lock_late)
    with entry():
        ended = services.finish_wave(wave, actor=CLERK, now=NOON)

    assert (ended, fresh(share).wave) == ((0, 0), later[0])
