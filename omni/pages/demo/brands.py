"""Four brands that do not exist, and what each is like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

PASSWORD = "omni-demo-2026"  # noqa: S105  the demo's own, printed by the run command


class Season(NamedTuple):
    """A collection: its code, and name and story line, each in Chinese and English."""

    code: str
    names: tuple[str, str]
    story: tuple[str, str]


@dataclass(frozen=True, slots=True)
class DemoBrand:
    """A brand: how many stores, how often in malls or franchised, what it makes, how dear (per cent of the base)."""

    code: str
    prefix: str
    name_zh: str
    name_en: str
    legal_entity: str
    accent: str
    stores: int
    mall_percent: int
    franchise_percent: int
    price_percent: int
    fit: str
    # Style counts by category; they sum to 100.
    range: dict[str, int]
    colors: tuple[str, ...]
    # The older season before the newer one.
    seasons: tuple[Season, Season]
    # Its order of routing rules; none: the defaults.
    routing: tuple[str, ...] = ()
    preparation_minutes: int = 60


BRANDS = (
    DemoBrand(
        "tingwei",
        "TW",
        "汀未",
        "TINGWEI",
        "上海汀未服饰有限公司",
        "#7a3b4a",
        480,
        88,
        15,
        135,
        "women",
        {
            "dress": 20,
            "slip": 6,
            "shirt": 16,
            "blazer": 12,
            "coat": 10,
            "skirt": 10,
            "trousers": 8,
            "wide": 6,
            "knit": 8,
            "scarf": 4,
        },
        ("ink", "ivory", "oat", "plum", "rose", "mist", "sage", "wine", "champagne", "midnight"),
        (
            Season(
                "spring-summer",
                ("雨后", "After the Rain"),
                ("江南雨停之后的颜色：薄、透、不急。", "The south when the rain has stopped: thin, clear, unhurried."),
            ),
            Season(
                "autumn-winter",
                ("长夜灯", "Evening Lamps"),
                ("为天黑得早的日子准备的大衣与丝缎。", "Coats and satins for days that end early."),
            ),
        ),
    ),
    DemoBrand(
        "yanye",
        "YY",
        "砚野",
        "YANYE",
        "杭州砚野服装有限公司",
        "#2f4a3c",
        440,
        70,
        25,
        110,
        "men",
        {
            "jacket": 16,
            "shirt": 16,
            "tee": 12,
            "trousers": 14,
            "jeans": 10,
            "blazer": 8,
            "coat": 8,
            "knit": 8,
            "shorts": 4,
            "bag": 4,
        },
        ("ink", "charcoal", "navy", "olive", "pine", "khaki", "stone", "white", "tobacco", "denim"),
        (
            Season(
                "spring-summer",
                ("野渡", "The Ferry"),
                ("亚麻、斜纹与一段不赶时间的路。", "Linen, twill, and a road that is in no hurry."),
            ),
            Season(
                "autumn-winter",
                ("山墨", "Ink and Stone"),
                ("像石头一样耐看，像旧书一样耐用。", "Made to be looked at like stone and used like an old book."),
            ),
        ),
    ),
    DemoBrand(
        "lishi",
        "LS",
        "栗时",
        "LISHI",
        "广州栗时服饰股份有限公司",
        "#a65e2e",
        700,
        45,
        30,
        55,
        "unisex",
        {
            "tee": 22,
            "hoodie": 14,
            "shirt": 10,
            "jeans": 14,
            "trousers": 8,
            "shorts": 8,
            "knit": 8,
            "jacket": 8,
            "skirt": 4,
            "bag": 4,
        },
        ("white", "ink", "heather", "chestnut", "butter", "sky", "denim", "sage", "coral", "navy"),
        (
            Season(
                "spring-summer",
                ("放学后", "After School"),
                (
                    "宽一点，亮一点，随便坐下也不怕皱。",
                    "A little wider, a little brighter, fit to sit down anywhere in.",
                ),
            ),
            Season(
                "autumn-winter",
                ("糖炒栗子", "Roast Chestnuts"),
                ("街角的热气和刚好的厚度。", "Warm air from the corner, and just the right weight."),
            ),
        ),
    ),
    DemoBrand(
        "rongyu",
        "RY",
        "绒屿",
        "RONGYU",
        "苏州绒屿针织有限公司",
        "#33506b",
        420,
        82,
        10,
        95,
        "women",
        {"knit": 40, "down": 16, "coat": 10, "dress": 10, "scarf": 8, "wide": 6, "skirt": 4, "hoodie": 6},
        ("oat", "camel", "heather", "ivory", "mist", "navy", "wine", "sage", "cocoa", "lilac"),
        (
            Season(
                "spring-summer",
                ("海风针法", "Sea Stitch"),
                ("透气的针织，吹着风穿。", "Open knits, to be worn in the wind."),
            ),
            Season(
                "autumn-winter",
                ("初雪", "First Snow"),
                ("山羊绒、马海毛与鹅绒，轻得像没有穿。", "Cashmere, mohair and down, as light as nothing."),
            ),
        ),
        ("broken_runs", "nearest"),
    ),
)
