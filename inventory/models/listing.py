"""What lists and the search know of products, and the marks that their pages are untrue."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, GistIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models.catalogue import Category, Collection, Product


class StockPulse(models.Model):
    """A mark that pages about a product became untrue; written by triggers only, in the transaction of the change.

    The marks of a product, counted and summed, are the version of its pages: ids may commit out of order, so the
    greatest id alone would miss some. No foreign key: nothing is lost with a mark.
    """

    product_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("stock pulse")
        verbose_name_plural = _("stock pulses")
        indexes = [models.Index(fields=["product_id", "id"], name="inventory_pulse_product")]

    def __str__(self) -> str:
        return f"{self.product_id}:{self.pk}"


class ProductListing(models.Model):
    """What lists and the search know of a product: one row that filters, sorts and finds without reading others.

    Triggers write it in the transaction of the change, all but the search document, which needs the segmenter: a
    service writes that, and a sweeper for those who did not call it. Prices begin and end by their dates; `due_at` is
    when this row must be made anew. `options` are "family|size", "family|" and "|size" of its variants.
    """

    product = models.OneToOneField(
        Product, models.CASCADE, primary_key=True, related_name="listing", verbose_name=_("product")
    )
    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    category = models.ForeignKey(Category, models.PROTECT, related_name="+", verbose_name=_("category"))
    collection = models.ForeignKey(
        Collection, models.PROTECT, null=True, related_name="+", verbose_name=_("collection")
    )
    launched_on = models.DateField(_("launched on"))
    is_listed = models.BooleanField(_("on sale, with a price"))
    price_fen = models.PositiveIntegerField(_("lowest price (fen)"))
    off_ppm = models.PositiveIntegerField(_("marked down by (ppm)"))
    families = ArrayField(models.TextField(), verbose_name=_("colour families"))
    sizes = ArrayField(models.TextField(), verbose_name=_("sizes"))
    options = ArrayField(models.TextField(), verbose_name=_("colours and sizes"))
    words = models.JSONField(_("words"))
    document = SearchVectorField(_("search document"))
    terms = ArrayField(models.TextField(), default=list, verbose_name=_("words to suggest"))
    is_segmented = models.BooleanField(_("document is of these words"), default=False)
    due_at = models.DateTimeField(_("due"), null=True)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("product listing")
        verbose_name_plural = _("product listings")
        indexes = [
            models.Index(
                fields=["-launched_on", "-product"], condition=Q(is_listed=True), name="inventory_listing_new"
            ),
            models.Index(fields=["price_fen", "product"], condition=Q(is_listed=True), name="inventory_listing_price"),
            models.Index(fields=["-off_ppm", "-product"], condition=Q(is_listed=True), name="inventory_listing_off"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="inventory_listing_due"),
            models.Index(fields=["product"], condition=Q(is_segmented=False), name="inventory_listing_unread"),
            GinIndex(fields=["document"], name="inventory_listing_document", fastupdate=False),
            GinIndex(fields=["options"], name="inventory_listing_options", fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.price_fen}"


class SearchWord(models.Model):
    """A word that products are found by, with how many: what is suggested, and what mistypings are compared with."""

    word = models.CharField(_("word"), max_length=80, primary_key=True)
    products = models.PositiveIntegerField(_("products"))

    class Meta:
        verbose_name = _("search word")
        verbose_name_plural = _("search words")
        indexes = [
            GistIndex(OpClass("word", name="gist_trgm_ops"), name="inventory_word_near"),
            models.Index(OpClass("word", name="varchar_pattern_ops"), name="inventory_word_prefix"),
        ]

    def __str__(self) -> str:
        return self.word


class SearchCount(models.Model):
    """How often something was looked for, and found, on a day in a language: nothing of who looked.

    The text holds only words that products are found by.
    """

    on_date = models.DateField(_("date"))
    language = models.CharField(_("language"), max_length=10)
    text = models.CharField(_("words looked for"), max_length=60)
    times = models.PositiveIntegerField(_("times"))

    class Meta:
        verbose_name = _("search count")
        verbose_name_plural = _("search counts")
        constraints = [
            models.UniqueConstraint(fields=["on_date", "language", "text"], name="inventory_search_count_unique")
        ]

    def __str__(self) -> str:
        return f"{self.on_date} {self.text}"
