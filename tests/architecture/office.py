"""Rows that the walk over all addresses finds in the admin alone."""

from datetime import date

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group

from fulfillment.models import AcceptanceRecord, DeliveryCallback, Escalation, FulfillmentOrder, RoutingRule
from inventory import services as inventory_services
from inventory.choices import AdjustmentReason
from inventory.models import Collection, CountTask, SizeChart
from omni.accounts import services as accounts_services
from omni.kernel.transactions import entry
from omni.messages import services as messages_services
from omni.messages.choices import Channel
from orders.models import ReturnPolicy
from tests.cast import NOON, World
from tests.factories.accounts import ShopperUserFactory, UserFactory
from tests.factories.api import issue_key
from tests.factories.stock import clerk


def fill_admin(world: World) -> None:
    """Make a row of each model in the admin that has none yet: sales booked, and what people write there."""
    ReturnPolicy.objects.create(brand=world.brand)
    store = world.stores["A"]
    with entry():
        messages_services.send_message(
            Channel.SMS, to="+8613800138000", template="sign_in", language="en", parameters={"code": "271828"},
            cause="walk", now=NOON,
        )  # fmt: skip
        accounts_services.request_erasure(ShopperUserFactory.create().pk, now=NOON)
    issue_key(world.brand)
    Group.objects.create(name="office")
    EmailAddress.objects.create(user=UserFactory.create(), email="li@example.com")
    Collection.objects.create(
        brand=world.brand, code="spring", name_zh="春", name_en="Spring", launched_on=date(2026, 1, 1)
    )
    SizeChart.objects.create(brand=world.brand, category=world.product.category)
    CountTask.objects.create(level=world.level("A", "S"), reason="not_found", opened_at=NOON)
    RoutingRule.objects.create(brand=world.brand)
    AcceptanceRecord.objects.create(store=store, offers=1, accepted=1, counted_at=NOON)
    DeliveryCallback.objects.create(provider="sandbox", message_id="1", body={}, received_at=NOON)
    share = FulfillmentOrder.objects.filter(store=store).order_by("pk")[0]
    Escalation.objects.create(fulfillment_order=share, store=store, status=share.status, raised_at=NOON)
    with entry():
        inventory_services.adjust_stock(
            store.pk,
            world.variants["S"].pk,
            reason=AdjustmentReason.FOUND,
            units=1,
            note="货架后面",
            actor=clerk(world),
            now=NOON,
        )
