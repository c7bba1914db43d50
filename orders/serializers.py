"""The shapes of the orders' REST resources. They check shapes only; what is allowed is checked where it is placed."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from fulfillment import choices as fulfillment_choices
from members import choices as members_choices
from orders import rules
from orders.choices import ChargeStatus, FulfilStatus, OrderStatus
from stores import choices as stores_choices


class StrictIntegerField(serializers.IntegerField):
    """A whole number written as a JSON number: "2", 2.0 and true are none."""

    def to_internal_value(self, data: object) -> int:
        """Refuse what is no number to JSON."""
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictFloatField(serializers.FloatField):
    """A number written as a JSON number, and within what a float holds: "31.2" and true are none."""

    def to_internal_value(self, data: float | str) -> float:
        """Refuse what is no number to JSON."""
        if type(data) not in {int, float}:
            self.fail("invalid")
        try:
            return super().to_internal_value(data)
        except OverflowError:
            self.fail("invalid")


class WantedLinesInput(serializers.ListSerializer[Any]):
    """Lines, counted before any is looked at: a body has room for hundreds of thousands that are wrong."""

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401  the framework's types
        """Refuse an empty list and one that is too long."""
        if isinstance(data, list):
            rules.check_line_count(len(data))
        return super().to_internal_value(data)


class WantedLineInput(serializers.Serializer[Any]):
    class Meta:
        list_serializer_class = WantedLinesInput

    sku = serializers.CharField(max_length=100)
    quantity = StrictIntegerField()
    unit_price_fen = StrictIntegerField(
        required=False, allow_null=True, default=None, help_text="The price the shopper saw."
    )


class PlaceOrderInput(serializers.Serializer[Any]):
    lines = WantedLineInput(many=True, allow_empty=True)
    way = serializers.CharField(max_length=20, required=False, default=fulfillment_choices.Way.COURIER.value)
    contact_name = serializers.CharField(max_length=1000, allow_blank=True)
    phone = serializers.CharField(max_length=100, allow_blank=True)
    district_code = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    street = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    lat = StrictFloatField(required=False, allow_null=True, default=None)
    lng = StrictFloatField(required=False, allow_null=True, default=None)
    pickup_store_code = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    channel = serializers.CharField(max_length=20, required=False, default=stores_choices.Channel.ERP.value)
    language = serializers.CharField(max_length=10, required=False, default="zh-hans")
    member_number = serializers.CharField(
        max_length=40, required=False, allow_blank=True, default="", help_text="The brand's member who orders."
    )
    coupon_codes = serializers.ListField(
        child=serializers.CharField(max_length=40),
        max_length=10,
        required=False,
        default=list,
        help_text="Coupons of that member.",
    )


class CancelOrderInput(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class LineAdjustmentOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=members_choices.AdjustmentKind.choices)
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    amount_fen = serializers.IntegerField()


class OrderLineOutput(serializers.Serializer[Any]):
    sku = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    quantity = serializers.IntegerField()
    cancelled_quantity = serializers.IntegerField()
    fulfilled_quantity = serializers.IntegerField()
    unit_price_fen = serializers.IntegerField()
    discount_fen = serializers.IntegerField()
    total_fen = serializers.IntegerField()
    adjustments = LineAdjustmentOutput(many=True)


class OrderShareOutput(serializers.Serializer[Any]):
    number = serializers.CharField()
    store_code = serializers.CharField()
    status = serializers.CharField()


class OrderOutput(serializers.Serializer[Any]):
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=OrderStatus.choices)
    charge_status = serializers.ChoiceField(choices=ChargeStatus.choices)
    fulfil_status = serializers.ChoiceField(choices=FulfilStatus.choices)
    channel = serializers.CharField()
    way = serializers.CharField()
    goods_fen = serializers.IntegerField()
    charges_fen = serializers.IntegerField()
    total_fen = serializers.IntegerField()
    paid_fen = serializers.IntegerField()
    refunded_fen = serializers.IntegerField()
    placed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    promised_on = serializers.DateField()
    lines = OrderLineOutput(many=True)
    shares = OrderShareOutput(many=True)
