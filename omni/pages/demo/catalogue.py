"""The demo's range: a hundred styles a brand, in colours and sizes, with prices now and before."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from omni.pages.demo.cloths import CARE, COLORS, COST_PERCENT, DEAR, MATERIALS, NOT_FOR_MEN
from omni.pages.demo.copying import Table
from omni.pages.demo.garments import GARMENTS, PARENTS, SIZES, Garment
from omni.pages.demo.looks import CARE_SYMBOLS, CRAFT, FLAT_KINDS, KINDS, drawing_of, print_words
from omni.pages.demo.sizing import charts

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from datetime import datetime

    from omni.pages.demo.brands import DemoBrand

VAT_PPM = 130_000
# How many days ago the two seasons of a brand began.
SEASON_AGES = (240, 90)

FITS = (
    ("合身版型，按平时尺码选购", "True to size"),
    ("略宽松，介于两码之间选小一码", "Slightly relaxed; between sizes, take the smaller"),
    ("宽松版型，叠穿自如", "Relaxed, with room for layers"),
)
DAYS = (
    ("通勤与周末都合适", "for the office and the weekend alike"),
    ("一件可从清晨用到夜里", "from morning to late"),
    ("利落百搭，不抢风头", "neat, and quiet beside what you own"),
    ("换季时最常伸手去拿的一件", "the one to reach for between seasons"),
)
# A space between Chinese and Latin letters, where two words are joined.
SEAM = re.compile(r"(?<=[一-鿿])(?=[A-Z])|(?<=[A-Z])(?=[一-鿿])")

# (tag, list, sale, member, valid) of a price.
Period = tuple[int, int, int | None, int | None, str]
# Members pay 5 % less for two styles in five.
MEMBER_PERCENT = 95
MEMBER_STYLES = frozenset({1, 3})


class Look(NamedTuple):
    """A style before it is a product: (Chinese, English) of its cut and its noun."""

    code: str
    garment: Garment
    material: str
    style: tuple[str, str]
    noun: tuple[str, str]
    drawing: str = ""


@dataclass(frozen=True, slots=True)
class Style:
    """A product as the stock generator needs it: variant ids by colour, the sizes in their order."""

    product_id: int
    age_days: int
    colors: list[list[int]]


class Catalogue:
    """Collects the tables of the catalogue and remembers each brand's styles."""

    def __init__(self, dice: random.Random, now: datetime) -> None:
        self.dice = dice
        self.now = now
        self.styles: dict[int, list[Style]] = {}
        self.charted: set[tuple[int, str]] = set()
        names = ("name_zh", "name_en")
        self.categories = Table("inventory_category", "code", "parent_id", *names, "shape", "position")
        self.collections = Table(
            "inventory_collection", "brand_id", "code", *names, "story_zh", "story_en", "launched_on"
        )
        texts = [
            f"{field}_{language}"
            for field in ("name", "description", "fabric", "craft", "care")
            for language in ("zh", "en")
        ]
        self.products = Table(
            "inventory_product",
            *(
                "brand_id",
                "code",
                "category_id",
                "collection_id",
                *texts,
                "care_symbols",
                "drawing",
                "tax_rate_ppm",
                "launched_on",
                "is_active",
            ),
        )
        self.variants = Table(
            "inventory_variant",
            *("brand_id", "product_id", "sku", "barcode", "color_zh", "color_en", "color_hex", "size"),
            *("position", "is_active"),
        )
        self.prices = Table("inventory_price", "variant_id", "tag_fen", "list_fen", "sale_fen", "member_fen", "valid")
        self.media = Table("inventory_media", "product_id", "kind", "color_hex", "position", "drawing", "file")
        self.charts = Table("inventory_sizechart", "brand_id", "category_id", "product_id", "body", "garment")
        self.category_ids = self._add_categories()

    def tables(self) -> list[Table]:
        """Return the tables in the order in which they must be loaded."""
        return [
            *(self.categories, self.collections, self.products, self.variants, self.prices),
            *(self.media, self.charts),
        ]

    def _add_categories(self) -> dict[str, int]:
        """Add the tree and return the ids of its leaves."""
        parents = {
            code: self.categories.add((code, None, *names, "", position))
            for position, (code, names) in enumerate(PARENTS.items())
        }
        return {
            code: self.categories.add((code, parents[garment.parent], garment.zh, garment.en, code, position))
            for position, (code, garment) in enumerate(GARMENTS.items())
        }

    def add_brand(self, brand: DemoBrand, brand_id: int) -> None:
        """Add a brand's collections and its hundred styles, newest styles last."""
        today = self.now.date()
        seasons = [
            self.collections.add((brand_id, season.code, *season.names, *season.story, today - timedelta(days=age)))
            for season, age in zip(brand.seasons, SEASON_AGES, strict=True)
        ]
        plan = [code for code, count in brand.range.items() for _number in range(count)]
        self.dice.shuffle(plan)
        looks = {code: self._looks(brand, code) for code in brand.range}
        styles = self.styles.setdefault(brand_id, [])
        for number, code in enumerate(plan):
            age_days = 240 - number * 2 - self.dice.randrange(2)
            look, style_code = next(looks[code]), f"{brand.prefix}{1001 + number}"
            drawing = drawing_of(code, look.material, look.style[1], look.noun[1], number)
            look = look._replace(drawing=drawing)
            place = (brand_id, style_code, self.category_ids[code], seasons[age_days < 90])
            symbols = list(CARE_SYMBOLS[MATERIALS[look.material].care])
            launched_on = today - timedelta(days=age_days)
            product_id = self.products.add(
                (
                    *place,
                    *_words(look, self.dice),
                    symbols,
                    drawing,
                    VAT_PPM,
                    launched_on,
                    True,
                )
            )
            barcodes = 6999_0000_0000 + (brand_id * 1000 + number) * 100
            prices = self._prices(brand, look, age_days)
            if number % 5 in MEMBER_STYLES:
                prices = _with_member_price(prices)
            self._add_chart(brand, (brand_id, product_id), code, frozenset(drawing.split(".")[1:]))
            colors = self._add_variants(brand, look, (brand_id, product_id), style_code, barcodes, *prices)
            styles.append(Style(product_id, age_days, colors))

    def _looks(self, brand: DemoBrand, code: str) -> Iterator[Look]:
        """Return the looks of a category that suit the brand, in a shuffled order, each once."""
        garment = GARMENTS[code]
        looks = [
            Look(code, garment, material, style, noun)
            for material in garment.materials
            for style in garment.styles
            for noun in garment.nouns
            if not (brand.fit == "men" and style[0] in NOT_FOR_MEN)
            and not (brand.price_percent < 60 and material in DEAR)
        ]
        self.dice.shuffle(looks)
        return iter(looks)

    def _add_variants(
        self,
        brand: DemoBrand,
        look: Look,
        owners: tuple[int, int],
        style_code: str,
        first_barcode: int,
        *prices: Period,
    ) -> list[list[int]]:
        """Add two to four colours in all sizes with their prices; return variant ids by colour."""
        sizes = SIZES[look.garment.sizing, brand.fit]
        palette = ("denim", "ink", "sky") if look.code == "jeans" else brand.colors
        chosen = self.dice.sample(palette, k=min(len(palette), self.dice.choice((2, 3, 3, 4))))
        ids: list[list[int]] = []
        for color in chosen:
            hex_value, zh, en, letters = COLORS[color]
            self._add_pictures(owners[1], hex_value, look.drawing)
            run: list[int] = []
            for size in sizes:
                position = len(ids) * len(sizes) + len(run)
                codes = (f"{style_code}-{letters}-{size}", ean13(str(first_barcode + position)))
                run.append(self.variants.add((*owners, *codes, zh, en, hex_value, size, position, True)))
                for period in prices:
                    self.prices.add((run[-1], *period))
            ids.append(run)
        return ids

    def _add_pictures(self, product_id: int, color_hex: str, drawing: str) -> None:
        """Add the pictures of a colour: from the front, worn, from the back, and near."""
        kinds = FLAT_KINDS if drawing.partition(".")[0] in {"scarf", "bag"} else KINDS
        for position, kind in enumerate(kinds):
            name = drawing if kind == "front" else f"{drawing}.{kind}"
            self.media.add((product_id, kind, color_hex, position, name, ""))

    def _add_chart(self, brand: DemoBrand, owners: tuple[int, int], code: str, marks: frozenset[str]) -> None:
        """Add the chart of a category once a brand, and one of the product where its cut makes another."""
        brand_id, product_id = owners
        sizes = SIZES[GARMENTS[code].sizing, brand.fit]
        plain = charts(code, brand.fit, sizes, frozenset())
        if (brand_id, code) not in self.charted:
            self.charted.add((brand_id, code))
            self.charts.add((brand_id, self.category_ids[code], None, *map(json.dumps, plain)))
        own = charts(code, brand.fit, sizes, marks)
        if own != plain:
            self.charts.add((brand_id, self.category_ids[code], product_id, *map(json.dumps, own)))

    def _prices(self, brand: DemoBrand, look: Look, age_days: int) -> list[Period]:
        """Return a style's prices: one period, or two when it has been marked down."""
        percent = brand.price_percent * COST_PERCENT.get(look.material, 100)
        yuan = round(look.garment.base_yuan * percent / 10_000 * self.dice.uniform(0.85, 1.2))
        tag_fen = (yuan // 10 * 10 + 9) * 100
        launched = self.now - timedelta(days=age_days + 1)
        if self.dice.random() > (0.15 if age_days < 90 else 0.5):
            return [(tag_fen, tag_fen, None, None, f'["{launched.isoformat()}",)')]
        marked_down = self.now - timedelta(days=self.dice.randrange(1, max(2, age_days)))
        sale_yuan = tag_fen * self.dice.choice((50, 60, 70, 80)) // 10_000
        return [
            (tag_fen, tag_fen, None, None, f'["{launched.isoformat()}","{marked_down.isoformat()}")'),
            (tag_fen, tag_fen, (sale_yuan // 10 * 10 + 9) * 100, None, f'["{marked_down.isoformat()}",)'),
        ]


def _with_member_price(periods: list[Period]) -> list[Period]:
    """Give the price that holds now a lower one for members, in whole yuan."""
    *before, (tag_fen, list_fen, sale_fen, _none, valid) = periods
    unit_fen = list_fen if sale_fen is None else sale_fen
    return [*before, (tag_fen, list_fen, sale_fen, unit_fen * MEMBER_PERCENT // 10_000 * 100, valid)]


def _words(look: Look, dice: random.Random) -> tuple[str, ...]:
    """Return name, description, fabric and care, each in Chinese and English."""
    cloth, style, noun = MATERIALS[look.material], look.style, look.noun
    fit_zh, fit_en = dice.choice(FITS) if look.garment.sizing != "one" else ("均码", "One size")
    day_zh, day_en = dice.choice(DAYS)
    print_zh, print_en = print_words(style[1], look.drawing)
    return (
        SEAM.sub(" ", f"{cloth.zh}{style[0]}{noun[0]}"),
        f"{style[1]} {cloth.en} {noun[1]}",
        SEAM.sub(" ", f"{style[0]}设计的{noun[0]}，{cloth.note_zh}，{day_zh}。{print_zh}{fit_zh}。"),
        f"{style[1]} {noun[1]}: {cloth.note_en}; {day_en}.{print_en} {fit_en}.",
        cloth.fabric_zh,
        cloth.fabric_en,
        *CRAFT[look.code],
        *CARE[cloth.care],
    )


def ean13(digits: str) -> str:
    """Return twelve digits with the check digit of EAN-13 behind them."""
    total = sum(int(digit) * (3 if position % 2 else 1) for position, digit in enumerate(digits))
    return f"{digits}{-total % 10}"
