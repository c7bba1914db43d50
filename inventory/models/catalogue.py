"""What a brand sells: the catalogue, pictures, sizes and prices."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from inventory import rules
from inventory.choices import (
    CareSymbol,
    ColorFamily,
    MediaKind,
)


class Category(models.Model):
    """A node of the category tree; `shape` names the garment drawing used where there is no picture."""

    code = models.SlugField(_("code"), max_length=30, unique=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=40)
    shape = models.CharField(_("garment drawing"), max_length=20, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name_zh


class Collection(models.Model):
    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    code = models.SlugField(_("code"), max_length=30)
    name_zh = models.CharField(_("name in Chinese"), max_length=60)
    name_en = models.CharField(_("name in English"), max_length=60)
    story_zh = models.CharField(_("story in Chinese"), max_length=120, blank=True, db_default="")
    story_en = models.CharField(_("story in English"), max_length=200, blank=True, db_default="")
    launched_on = models.DateField(_("launched on"))

    class Meta:
        verbose_name = _("collection")
        verbose_name_plural = _("collections")
        constraints = [models.UniqueConstraint(fields=["brand", "code"], name="inventory_collection_code_unique")]

    def __str__(self) -> str:
        return self.name_zh


class Product(models.Model):
    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    code = models.CharField(_("style code"), max_length=32)
    category = models.ForeignKey(Category, models.PROTECT, verbose_name=_("category"))
    collection = models.ForeignKey(Collection, models.PROTECT, null=True, blank=True, verbose_name=_("collection"))
    name_zh = models.CharField(_("name in Chinese"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=120)
    description_zh = models.TextField(_("description in Chinese"), blank=True)
    description_en = models.TextField(_("description in English"), blank=True)
    fabric_zh = models.CharField(_("fabric in Chinese"), max_length=120, blank=True)
    fabric_en = models.CharField(_("fabric in English"), max_length=120, blank=True)
    craft_zh = models.CharField(_("craft in Chinese"), max_length=300, blank=True)
    craft_en = models.CharField(_("craft in English"), max_length=300, blank=True)
    care_symbols = ArrayField(
        models.CharField(max_length=12, choices=CareSymbol.choices),
        verbose_name=_("care symbols"),
        default=list,
        blank=True,
    )
    care_zh = models.CharField(_("care in Chinese"), max_length=120, blank=True)
    care_en = models.CharField(_("care in English"), max_length=120, blank=True)
    drawing = models.CharField(_("drawing"), max_length=80, blank=True)
    tax_rate_ppm = models.PositiveIntegerField(_("VAT rate (ppm)"), default=130_000)
    launched_on = models.DateField(_("launched on"))
    is_active = models.BooleanField(_("on sale"), default=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [models.UniqueConstraint(fields=["brand", "code"], name="inventory_product_code_unique")]
        indexes = [
            models.Index(fields=["brand", "-launched_on", "-id"], name="inventory_product_newest"),
            models.Index(
                fields=["-launched_on", "-id"], condition=Q(is_active=True), name="inventory_product_shop_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name_zh}"

    @property
    def shape(self) -> str:
        """Return the name of its drawing, for where it is shown small."""
        return self.drawing or self.category.shape


class Variant(models.Model):
    """A colour and size of a product: what has a SKU, a barcode, a price and stock. `brand` repeats the product's."""

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="variants", verbose_name=_("product"))
    sku = models.CharField(_("SKU"), max_length=40)
    barcode = models.CharField(_("barcode"), max_length=20, blank=True)
    color_zh = models.CharField(_("colour in Chinese"), max_length=20)
    color_en = models.CharField(_("colour in English"), max_length=30)
    color_hex = models.CharField(_("colour value"), max_length=7)
    # Worked out by the database from the colour's names and value, so that whoever writes a variant has it right.
    color_family = models.GeneratedField(
        expression=Func("color_zh", "color_en", "color_hex", function="inventory_color_family"),
        output_field=models.CharField(_("colour family"), max_length=6, choices=ColorFamily.choices),
        db_persist=True,
    )
    size = models.CharField(_("size"), max_length=10)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("on sale"), default=True)

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["brand", "sku"], name="inventory_variant_sku_unique"),
            models.UniqueConstraint(
                fields=["brand", "barcode"], condition=~Q(barcode=""), name="inventory_variant_barcode_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.sku


class Media(models.Model):
    """A picture of a product in a colour: a file, or a drawing named by its parts (see `inventory.rules`)."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="media", verbose_name=_("product"))
    kind = models.CharField(_("kind"), max_length=8, choices=MediaKind.choices)
    color_hex = models.CharField(_("colour value"), max_length=7)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    drawing = models.CharField(_("drawing"), max_length=80, blank=True)
    file = models.ImageField(_("file"), upload_to="products/%Y/%m/", blank=True)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "color_hex", "position"], name="inventory_media_place_unique"),
            models.CheckConstraint(condition=~Q(drawing="", file=""), name="inventory_media_not_empty"),
        ]
        indexes = [models.Index(fields=["file"], condition=~Q(file=""), name="inventory_media_file")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.kind} {self.color_hex}"


class SizeChart(models.Model):
    """Measurements in centimetres of a brand's sizes of a category, or of one product, which comes first.

    Body and garment are each `{"measures": ["bust", ...], "sizes": [["M", 88, ...], ...]}`: the measures of `Measure`
    in the order of the columns, and for each size its name and a number or a text such as "86–90" for each of them.
    """

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    category = models.ForeignKey(Category, models.PROTECT, related_name="+", verbose_name=_("category"))
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    body = models.JSONField(_("of the body"), default=dict, blank=True)
    garment = models.JSONField(_("of the garment"), default=dict, blank=True)

    class Meta:
        verbose_name = _("size chart")
        verbose_name_plural = _("size charts")
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "category", "product"], name="inventory_size_chart_unique", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.brand_id} {self.category_id} {self.product_id or ''}".rstrip()

    def clean(self) -> None:
        """Refuse a chart with an unknown measure, or with a size that lacks one."""
        for field in ("body", "garment"):
            if not rules.is_size_table(getattr(self, field)):
                raise ValidationError({field: _("Name known measures, and give each size one value for each of them.")})


class Price(models.Model):
    """What a variant costs in a period, VAT inside: tag (printed), list (shown), sale (marked down, or null).

    `member_fen` is what a member of the brand pays, where that is agreed; everybody else pays `unit_price_fen`.
    """

    variant = models.ForeignKey(Variant, models.PROTECT, related_name="prices", verbose_name=_("variant"))
    tag_fen = models.PositiveIntegerField(_("tag price (fen)"))
    list_fen = models.PositiveIntegerField(_("list price (fen)"))
    sale_fen = models.PositiveIntegerField(_("sale price (fen)"), null=True, blank=True)
    member_fen = models.PositiveIntegerField(_("member price (fen)"), null=True, blank=True)
    valid = DateTimeRangeField(_("valid"))

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.CheckConstraint(condition=Q(list_fen__gt=0), name="inventory_price_positive"),
            models.CheckConstraint(
                condition=Q(sale_fen__isnull=True) | Q(sale_fen__gt=0, sale_fen__lte=F("list_fen")),
                name="inventory_price_sale_not_above_list",
            ),
            models.CheckConstraint(
                condition=Q(member_fen__isnull=True)
                | Q(member_fen__gt=0, member_fen__lte=Coalesce(F("sale_fen"), F("list_fen"))),
                name="inventory_price_member_not_above_unit",
            ),
            ExclusionConstraint(
                name="inventory_price_no_overlap",
                expressions=[("variant", RangeOperators.EQUAL), ("valid", RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.unit_price_fen}"

    @property
    def unit_price_fen(self) -> int:
        """What a shopper pays for one unit in this period."""
        return self.list_fen if self.sale_fen is None else self.sale_fen
