"""The shapes of fulfillment's REST resources."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

MAX_LINES = 50
MAX_QUANTITY = 99
MAX_SKU_LENGTH = 40


class BasketField(serializers.CharField):
    """A basket in one parameter: `SKU:QTY,SKU:QTY`. A list of (SKU, units)."""

    default_error_messages = {
        "empty_basket": _("Name at least one SKU."),
        "too_many_lines": _("At most %(most)s different SKUs.") % {"most": MAX_LINES},
        "duplicate_sku": _("The same SKU stands there twice."),
        "invalid_line": _("Write a line as SKU:QUANTITY."),
        "invalid_quantity": _("A quantity is a whole number from 1 to 99."),
    }

    def to_internal_value(self, data: str) -> Any:  # noqa: ANN401  the framework's type is of a text
        """Read the basket."""
        text = super().to_internal_value(data)
        lines = [self._read_line(part) for part in text.split(",") if part.strip()]
        if not lines:
            self.fail("empty_basket")
        if len(lines) > MAX_LINES:
            self.fail("too_many_lines")
        if len({sku for sku, _units in lines}) < len(lines):
            self.fail("duplicate_sku")
        return lines

    def _read_line(self, part: str) -> tuple[str, int]:
        sku, colon, units = part.strip().rpartition(":")
        if not colon or not sku or len(sku) > MAX_SKU_LENGTH or not sku.isprintable():
            self.fail("invalid_line")
        if not (units.isascii() and units.isdigit() and len(units) <= 2 and 1 <= int(units) <= MAX_QUANTITY):
            self.fail("invalid_quantity")
        return sku, int(units)


class NearestStoresInput(serializers.Serializer[Any]):
    brand = serializers.CharField(max_length=20, help_text="The brand's code.")
    lat = serializers.FloatField(help_text="WGS-84")
    lng = serializers.FloatField(help_text="WGS-84")
    lines = BasketField(help_text="SKU:QTY,SKU:QTY")
    limit = serializers.IntegerField(min_value=1, max_value=20, default=10)


class NearestStoreOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    lat = serializers.FloatField()
    lng = serializers.FloatField()
    metres = serializers.IntegerField(help_text="Great-circle distance, rounded down.")


class NearestStoresOutput(serializers.Serializer[Any]):
    stores = NearestStoreOutput(many=True)
