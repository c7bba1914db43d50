"""A person's numbers at the desk: sales of the store that sold, credit by role, tasks in time, visits, the ranking."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from fulfillment import services as fulfillment_services
from fulfillment.queries import TaskFigures
from omni.kernel.transactions import entry
from omni.pages import figures
from omni.pages.figures import Numbers
from orders import services
from orders.queries import SalesFigures, Visits
from stores.choices import Channel
from stores.models import Staff
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.orders import accepted_order, packed_order, run_deliveries, shares_of
from tests.factories.returns import NEXT_DAY, delivered_order, inspect, received_return
from tests.factories.stores import GuideFactory
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def _merchant(settings: Settings) -> None:
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False


def sold_by(world: World, guide: Staff, *lines: tuple[str, int]) -> None:
    """Have a guide of store A sell goods that are sent home from wherever they are."""
    selling = services.Selling(world.stores["A"].pk, guide.pk, "counter:1")
    delivered_order(world, *lines, channel=Channel.ENDLESS_AISLE, selling=selling)


def numbers_of(staff: Staff, *, is_today: bool = True, days: int = 0) -> Numbers:
    assert staff.store_id is not None
    return figures.read(staff.store_id, staff.pk, is_today=is_today, now=NOON + timedelta(days=days))


def test_numbers_before_anything_was_sold_are_nothing(guide_a: Staff) -> None:
    numbers = numbers_of(guide_a)

    nothing = SalesFigures(amount_fen=0, units=0, tickets=0, returned_fen=0, returned_units=0)
    assert numbers.mine == figures.Own(nothing, ())
    assert numbers.store.sales == nothing
    assert (nothing.items_per_ticket, nothing.ticket_fen, numbers.tasks.on_time_percent) == (None, None, None)
    assert (numbers.ranking, numbers.visits) == ((), Visits(0, 0, 0, 0))


def test_sale_counts_for_the_guide_and_the_store_that_sold_whoever_shipped(
    world: World, guide_a: Staff, audited: Audited
) -> None:
    sold_by(world, guide_a, ("S", 2), ("M", 1))
    sold_by(world, guide_a, ("S", 1))

    numbers = numbers_of(guide_a)

    assert numbers.mine is not None
    assert numbers.mine.sales == numbers.store.sales
    assert numbers.mine.sales == SalesFigures(amount_fen=199600, units=4, tickets=2, returned_fen=0, returned_units=0)
    assert (numbers.mine.sales.items_per_ticket, numbers.mine.sales.ticket_fen) == (2.0, 99800)
    assert sum(part.amount_fen for part in numbers.store.credit) == numbers.store.credit_fen > 0
    other = figures.read(world.stores["C"].pk, None, is_today=True, now=NOON)
    assert (other.mine, other.store.sales.units) == (None, 0)
    audited.now = NOON


def test_return_of_yesterdays_sale_counts_today_and_in_the_month(world: World, guide_a: Staff) -> None:
    selling = services.Selling(world.stores["A"].pk, guide_a.pk, "counter:1")
    order = delivered_order(world, ("S", 2), channel=Channel.ENDLESS_AISLE, selling=selling)
    inspect(received_return(world, order, 1))
    run_deliveries(NEXT_DAY)

    today, month = (numbers_of(guide_a, is_today=is_today, days=1).store.sales for is_today in (True, False))

    assert today == SalesFigures(amount_fen=0, units=0, tickets=0, returned_fen=49900, returned_units=1)
    assert month == SalesFigures(amount_fen=99800, units=2, tickets=1, returned_fen=49900, returned_units=1)
    assert month.net_fen == 49900


def test_ranking_names_the_store_s_people_the_most_first_and_shares_a_rank(world: World, guide_a: Staff) -> None:
    lina = GuideFactory.create(store=world.stores["A"], display_name="李娜")
    wang = GuideFactory.create(store=world.stores["A"], display_name="王芳")
    sold_by(world, guide_a, ("S", 1))
    sold_by(world, lina, ("S", 2))
    sold_by(world, wang, ("S", 1))

    ranking = numbers_of(guide_a).ranking

    assert [(place.rank, place.name, place.net_fen, place.share, place.is_me) for place in ranking] == [
        (1, "李娜", 99800, 100, False),
        (2, guide_a.display_name, 49900, 50, True),
        (2, "王芳", 49900, 50, False),
    ]


def test_tasks_are_in_time_late_or_lost_by_silence(world: World, guide_a: Staff) -> None:
    packed_order(world, ("S", 1))
    late = shares_of(accepted_order(world, ("S", 1)))[0]
    assert late.deadline_at is not None
    with entry():
        fulfillment_services.end_silence(late.pk, leased_until=late.deadline_at, now=late.deadline_at)
    after = late.deadline_at + timedelta(minutes=1)
    with entry():
        fulfillment_services.pack(late.pk, actor="user:1", now=after)
    silent = shares_of(accepted_order(world, ("S", 1), now=after))[0]
    for _time in range(2):
        silent.refresh_from_db()
        assert silent.deadline_at is not None
        with entry():
            fulfillment_services.end_silence(silent.pk, leased_until=silent.deadline_at, now=silent.deadline_at)

    store_id = silent.store_id
    assert store_id is not None
    tasks = figures.read(store_id, None, is_today=True, now=NOON).tasks
    assert (tasks, tasks.on_time_percent) == (TaskFigures(done=2, lost=1, on_time=1, waiting=0), 33)
    tomorrow = figures.read(store_id, None, is_today=True, now=NOON + timedelta(days=1)).tasks
    assert tomorrow == TaskFigures(done=0, lost=0, on_time=0, waiting=0)


@pytest.mark.parametrize("orders", [1, 3])
def test_page_of_numbers_takes_as_many_statements_for_many_sales_as_for_few(
    world: World,
    guide_a: Staff,
    client: Client,
    orders: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _order in range(orders):
        sold_by(world, guide_a, ("S", 1))
    client.force_login(guide_a.user, backend=BACKEND)
    client.cookies["django_language"] = "en"
    with time_machine.travel(NOON, tick=False), django_assert_num_queries(15):
        answer = client.get(f"/desk/stores/{guide_a.store_id}/numbers/?period=month")
    page = answer.content.decode()
    assert f"¥{orders * 499:,}.00" in page
    assert "This month" in page
