"""The catalogue and stock."""

from datetime import UTC, date, datetime

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from factory.declarations import RelatedFactory, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from inventory.choices import MovementKind
from inventory.models import Category, Collection, Media, Price, Product, StockLevel, StockMovement, Variant
from tests.factories.stores import BrandFactory, StoreFactory

LAUNCHED = datetime(2026, 1, 1, tzinfo=UTC)


class CategoryFactory(DjangoModelFactory[Category]):
    class Meta:
        model = Category

    code = Sequence(lambda n: f"category{n}")
    name_zh = "衬衫"
    name_en = "Shirts"
    shape = "shirt"


class CollectionFactory(DjangoModelFactory[Collection]):
    class Meta:
        model = Collection

    brand = SubFactory(BrandFactory)
    code = Sequence(lambda n: f"collection{n}")
    name_zh = "春夏系列"
    name_en = "Spring Summer"
    launched_on = date(2026, 1, 1)


class ProductFactory(DjangoModelFactory[Product]):
    class Meta:
        model = Product

    brand = SubFactory(BrandFactory)
    code = Sequence(lambda n: f"P{n:05d}")
    category = SubFactory(CategoryFactory)
    name_zh = "真丝衬衫"
    name_en = "Silk shirt"
    launched_on = date(2026, 1, 1)


class MediaFactory(DjangoModelFactory[Media]):
    """A drawing of the white shirt from the front."""

    class Meta:
        model = Media

    product = SubFactory(ProductFactory)
    kind = "front"
    color_hex = "#ffffff"
    drawing = "shirt"


class PriceFactory(DjangoModelFactory[Price]):
    class Meta:
        model = Price

    tag_fen = 59900
    list_fen = 49900
    sale_fen = None
    valid = DateTimeTZRange(LAUNCHED, None)


class VariantFactory(DjangoModelFactory[Variant]):
    """A white M at 499 yuan; `price=None` for a variant without a price, `price__sale_fen=…` for a marked-down one."""

    class Meta:
        model = Variant
        skip_postgeneration_save = True

    product = SubFactory(ProductFactory)
    brand = SelfAttribute("product.brand")
    sku = Sequence(lambda n: f"SKU{n:06d}")
    color_zh = "白色"
    color_en = "White"
    color_hex = "#ffffff"
    size = "M"
    price = RelatedFactory(PriceFactory, factory_related_name="variant")


class StockMovementFactory(DjangoModelFactory[StockMovement]):
    class Meta:
        model = StockMovement

    kind = MovementKind.OPENING
    cause = Sequence(lambda n: f"opening:{n}")
    actor = "system:test"
    moved_at = LAUNCHED


class StockLevelFactory(DjangoModelFactory[StockLevel]):
    """Ten units on hand, with the movement that brought them."""

    class Meta:
        model = StockLevel
        skip_postgeneration_save = True

    variant = SubFactory(VariantFactory)
    store = SubFactory(StoreFactory, brand=SelfAttribute("..variant.brand"))
    on_hand = 10

    @post_generation
    def opening(level: StockLevel, create: bool, extracted: object, **_: object) -> None:  # noqa: N805
        """Book the units on hand."""
        if create and level.on_hand:
            StockMovementFactory.create(level=level, quantity=level.on_hand)
