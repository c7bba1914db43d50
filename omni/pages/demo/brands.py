"""Four brands that do not exist, and what each is like."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "omni-demo-2026"  # noqa: S105  the demo's own, printed by the run command


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
        ("broken_runs", "nearest"),
    ),
)
