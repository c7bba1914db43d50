"""Rules of the split, and the orders whose money and credit the tests of settlement book."""

import importlib
from datetime import UTC, date, datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from fulfillment.choices import Way
from fulfillment.models import Fulfillment, FulfillmentLine
from omni.kernel import numbers
from orders.choices import ChargeKind, IntentStatus, OrderStatus, PaymentMethod, RefundReason, RefundStatus
from orders.models import (
    Checkout,
    IntentAllocation,
    Order,
    OrderCharge,
    OrderLine,
    PaymentIntent,
    Recognition,
    Refund,
)
from settlement.choices import RuleKind
from settlement.models import RuleVersion
from stores.choices import Channel
from tests.factories.inventory import VariantFactory
from tests.factories.stores import BrandFactory, StoreFactory

CREDIT_SPLIT = importlib.import_module("settlement.migrations.0003_default_split").CREDIT_SPLIT
PLACED = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)
SOLD = datetime(2026, 3, 17, 4, 0, tzinfo=UTC)


def restore_default_split() -> None:
    """Put the default split back, which a test with real commits flushed away with everything else."""
    if not RuleVersion.objects.filter(brand=None, approved_at__isnull=False).exists():
        DefaultSplitFactory.create()


class DraftSplitFactory(DjangoModelFactory[RuleVersion]):
    """A brand's own split from 1 May 2026 on, not approved yet."""

    class Meta:
        model = RuleVersion

    brand: Any = SubFactory(BrandFactory)
    kind = RuleKind.CREDIT_SPLIT
    valid = DateRange(date(2026, 5, 1), None)
    params = LazyFunction(lambda: CREDIT_SPLIT)
    drafted_by = "user:1"


class DefaultSplitFactory(DraftSplitFactory):
    """What the migration puts there."""

    brand = None
    valid = DateRange(date(2020, 1, 1), None)
    drafted_by = "system:seed"
    approved_by = "system:approval"
    approved_at = datetime(2020, 1, 1, tzinfo=UTC)


class FulfillmentFactory(DjangoModelFactory[Fulfillment]):
    class Meta:
        model = Fulfillment

    brand = SubFactory(BrandFactory)
    owner = "orders.order"
    way = Way.COURIER
    lat = 31.2295
    lng = 121.4470
    promised_on = date(2026, 3, 16)
    created_at = PLACED


class SaleOrderFactory(DjangoModelFactory[Order]):
    """A web order that is being prepared; `total_fen` follows from goods and charges."""

    class Meta:
        model = Order

    checkout = LazyFunction(lambda: Checkout.objects.create(created_at=PLACED))
    number = LazyFunction(lambda: numbers.public_number("O"))
    brand = SubFactory(BrandFactory)
    fulfillment = SubFactory(FulfillmentFactory, brand=SelfAttribute("..brand"))
    channel = Channel.WEB
    status = OrderStatus.PROCESSING
    contact_name = "王小雨"
    contact_phone_sealed = "sealed"
    contact_phone_index = "index"
    goods_fen = 49900
    charges_fen = 0
    total_fen = LazyAttribute(lambda order: order.goods_fen + order.charges_fen)
    placed_at = PLACED
    expires_at = PLACED


class SaleLineFactory(DjangoModelFactory[OrderLine]):
    """One shirt, or whatever unit price and quantity say; no guide."""

    class Meta:
        model = OrderLine

    order = SubFactory(SaleOrderFactory)
    variant = SubFactory(VariantFactory, product__brand=SelfAttribute("...order.brand"))
    fulfillment_line = LazyAttribute(
        lambda line: FulfillmentLine.objects.create(
            fulfillment=line.order.fulfillment,
            variant=line.variant,
            quantity=line.quantity,
            declared_value_fen=line.total_fen,
        )
    )
    sku = SelfAttribute("variant.sku")
    name_zh = "真丝衬衫"
    name_en = "Silk shirt"
    quantity = 1
    unit_price_fen = 49900
    tag_price_fen = 59900
    discount_fen = 0
    total_fen = LazyAttribute(lambda line: line.unit_price_fen * line.quantity - line.discount_fen)
    tax_rate_ppm = 130_000


class ChargeFactory(DjangoModelFactory[OrderCharge]):
    class Meta:
        model = OrderCharge

    order = SubFactory(SaleOrderFactory)
    kind = ChargeKind.DELIVERY
    amount_fen = 1200


class RecognitionFactory(DjangoModelFactory[Recognition]):
    """A whole line that became a sale; pass `charge` for a charge (and `order_line=None`)."""

    class Meta:
        model = Recognition

    order_line = SubFactory(SaleLineFactory)
    order = LazyAttribute(lambda sale: sale.order_line.order if sale.order_line else sale.charge.order)
    charge = None
    fulfilling_store = SubFactory(StoreFactory, brand=SelfAttribute("..order.brand"))
    quantity = 1
    amount_fen = LazyAttribute(lambda sale: sale.order_line.total_fen if sale.order_line else sale.charge.amount_fen)
    cause = Sequence(lambda n: f"fulfillment_order_line:{n}")
    recognised_at = SOLD
    business_on = date(2026, 3, 17)


class PaidIntentFactory(DjangoModelFactory[PaymentIntent]):
    """A WeChat payment that succeeded; `order` gets all of it, None for an orphan."""

    class Meta:
        model = PaymentIntent
        skip_postgeneration_save = True

    class Params:
        order = SubFactory(SaleOrderFactory)

    brand = SelfAttribute("order.brand")
    checkout = SelfAttribute("order.checkout")
    method = PaymentMethod.WECHAT_NATIVE
    merchant_id = "1900000001"
    out_trade_no = Sequence(lambda n: f"PAY{n:08d}")
    amount_fen = SelfAttribute("order.total_fen")
    status = IntentStatus.SUCCEEDED
    expires_at = PLACED
    succeeded_at = PLACED
    created_at = PLACED


class AllocationFactory(DjangoModelFactory[IntentAllocation]):
    """All of an order's total, paid."""

    class Meta:
        model = IntentAllocation

    order = SubFactory(SaleOrderFactory)
    intent = SubFactory(PaidIntentFactory, order=SelfAttribute("..order"))
    amount_fen = SelfAttribute("intent.amount_fen")


class RefundFactory(DjangoModelFactory[Refund]):
    """All of a payment that went back."""

    class Meta:
        model = Refund

    intent = SubFactory(PaidIntentFactory)
    order = None
    out_refund_no = Sequence(lambda n: f"REF{n:08d}")
    amount_fen = SelfAttribute("intent.amount_fen")
    reason = RefundReason.CANCELLED
    cause = Sequence(lambda n: f"line:{n}")
    status = RefundStatus.SUCCEEDED
    requested_at = PLACED
    succeeded_at = SOLD
