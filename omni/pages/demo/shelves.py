"""What waits in the stock of one store of the demo: things to receive, to send and to count.

A delivery is expected today, another store's pieces are on their way, one store asks for some; a count is in progress,
and one is to be looked at.
"""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model

from inventory import choices as inventory_choices
from inventory import queries as inventory_queries
from inventory import services as inventory_services
from omni.kernel.clock import business_date
from omni.pages.demo.brands import BRANDS
from stores import queries as stores_queries
from stores import services as stores_services

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from inventory.queries import Cell, StylePage
    from omni.pages.demo.catalogue import Style
    from stores.models import Store
    from stores.permissions import Actor

ARRIVING_STYLES = 2
# Units of the sizes of a run, in their order.
RUN = (1, 2, 3, 3, 2, 1)
ENOUGH = 4


def add_shelf_work(styles: Mapping[int, Sequence[Style]], *, now: datetime) -> None:
    """Let the first store of the first brand have something to receive, to send and to count."""
    brand = stores_queries.get_brand(BRANDS[0].code)
    user = get_user_model().objects.get(username=f"{brand.code}-sh001-clerk")
    actor = stores_queries.actor_for_user(user)
    store = stores_queries.desk_stores(actor)[0]
    newest = sorted(styles[brand.pk], key=lambda style: (style.age_days, style.product_id))
    codes = inventory_queries.product_codes([style.product_id for style in newest])
    pages = (inventory_queries.load_style(store, codes[style.product_id], "", now=now) for style in newest)
    here = [page for page in itertools.islice(pages, 20) if _units(page) >= ENOUGH]
    _announce(store, [row for page in here[:ARRIVING_STYLES] for row in page.rows[:1]], now)
    _ask(store, [cell.sku for cell in here[0].chosen if cell.sellable][:2], now)
    _send(store, [cell.variant_id for page in here for cell in page.chosen], now)
    _count(store, here[ARRIVING_STYLES], actor, now)
    _finish_count(store, here[ARRIVING_STYLES + 1], actor, now)


def _units(page: StylePage) -> int:
    return sum(cell.sellable for cell in page.chosen)


def _announce(store: Store, runs: Sequence[Sequence[Cell]], now: datetime) -> None:
    """Announce a delivery of the warehouse for today."""
    facts = {
        "asn": f"DC-{business_date(now):%y%m%d}-{store.code}",
        "store_code": store.code,
        "expected_on": business_date(now).isoformat(),
        "sender": "华东总仓",
    }
    pieces = [(cell.sku, units) for run in runs for cell, units in zip(run, RUN, strict=False)]
    rows = [
        stores_services.CsvRow(line, facts | {"sku": sku, "quantity": str(units)})
        for line, (sku, units) in enumerate(pieces, start=2)
    ]
    inventory_services.import_asn(rows, brand=store.brand, actor="system:demo", now=now)


def _ask(store: Store, skus: Sequence[str], now: datetime) -> None:
    """Let the nearest store of the brand ask for pieces."""
    asking = stores_queries.get_sister(store, stores_queries.sister_stores(store, "", limit=1)[0].store_id)
    shipment = inventory_services.draft_transfer(
        source=store, target=asking, made_in_id=asking.pk, actor="system:demo", now=now
    )
    for variant in inventory_queries.variants_by_sku(store.brand_id, skus).values():
        inventory_services.add_to_transfer(shipment.pk, variant.pk, 1, store_id=asking.pk)
    inventory_services.request_transfer(shipment.pk, store_id=asking.pk, actor="system:demo", now=now)


def _send(store: Store, variant_ids: Sequence[int], now: datetime) -> None:
    """Let a near store of the brand have sent pieces of which it has some, two hours ago."""
    near = (stores_queries.get_sister(store, row.store_id) for row in stores_queries.sister_stores(store, "", limit=10))
    sending, found = next(
        (sister, found) for sister in near if len(found := inventory_queries.variants_at(sister.pk, variant_ids)) >= 2
    )
    sent_at = now - timedelta(hours=2)
    shipment = inventory_services.draft_transfer(
        source=sending, target=store, made_in_id=sending.pk, actor="system:demo", now=sent_at
    )
    for variant_id in sorted(found)[:2]:
        inventory_services.add_to_transfer(shipment.pk, variant_id, 1, store_id=sending.pk)
    inventory_services.send_transfer(shipment.pk, store_id=sending.pk, actor="system:demo", now=sent_at)


def _count(store: Store, page: StylePage, actor: Actor, now: datetime) -> None:
    """Begin to count a style."""
    plan = inventory_services.CountPlan(store.pk, inventory_choices.CountScope.STYLE, product_id=page.product.pk)
    count = inventory_services.plan_count(plan, actor=actor, now=now)
    for cell in [each for each in page.chosen if each.on_hand][:2]:
        inventory_services.count_pieces(count.pk, cell.variant_id, cell.on_hand, actor=actor, now=now)


def _finish_count(store: Store, page: StylePage, actor: Actor, now: datetime) -> None:
    """Count all of a style and miss a piece, so that the manager has a count to look at."""
    plan = inventory_services.CountPlan(store.pk, inventory_choices.CountScope.STYLE, product_id=page.product.pk)
    count = inventory_services.plan_count(plan, actor=actor, now=now)
    cells = [each for each in page.chosen if each.on_hand]
    for cell in cells:
        missing = 1 if cell is cells[-1] else 0
        inventory_services.count_pieces(count.pk, cell.variant_id, cell.on_hand - missing, actor=actor, now=now)
    inventory_services.submit_count(count.pk, actor=actor, now=now)
