"""What made-up buyers say of the demo's range: most are content, some styles run small or large."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from omni.pages.demo.copying import Table
from omni.pages.demo.people import SURNAMES

if TYPE_CHECKING:
    import random
    from datetime import datetime

    from omni.pages.demo.catalogue import Style

MOST_REVIEWS = 24
EDITABLE = timedelta(days=30)
STARS = ((5, 56), (4, 27), (3, 10), (2, 4), (1, 3))
# How a style turns out, by how many of a hundred styles do.
TENDENCIES = ((("right", "right", "right", "small"), 55), (("small", "small", "right"), 25), (("large", "right"), 20))
# What is said with so many stars; a part in English.
WORDS: dict[int, tuple[str, ...]] = {
    5: (
        "面料比想象中好很多，上身很显气质，已经想再买一件别的颜色。",
        "版型很正，同事都问在哪买的。门店离家近，一个多小时就送到了。",
        "做工细，线头处理得干净，洗了两次没有变形。",
        "颜色和图片几乎没有差别，垂感好，很满意。",
        "通勤穿刚刚好，不挑身材，搭裤子裙子都行。",
        "Lovely fabric and a clean cut. It came from the shop around the corner within two hours.",
        "第三次回购这个品牌了，一如既往地稳。",
    ),
    4: (
        "整体不错，袖子对我来说稍微长了一点。",
        "质感很好，就是有一点容易皱，熨一下就好。",
        "好看，扣子要是再精致些就更好了。",
        "Nice piece, the colour is a touch darker than on my screen.",
        "包装用心，衣服也舒服，扣一星给价格。",
    ),
    3: (
        "中规中矩，面料比预期薄一些。",
        "款式喜欢，尺码和平时不太一样，建议到店试穿。",
        "It is fine, but I expected it to be softer.",
    ),
    2: ("洗过一次有点起球，希望改进。", "颜色和图片有差别，偏暗。"),
    1: ("收到有线头，已经去门店换了一件。", "尺码差太多了，最后在门店退了，退货倒是挺快。"),
}


class Reviews:
    """Collects reviews of the demo's styles; a few of each, the older a style the more."""

    def __init__(self, dice: random.Random, now: datetime) -> None:
        self._dice = dice
        self._now = now
        self.reviews = Table(
            "members_review",
            *("brand_id", "product_id", "variant_id", "member_id", "owner", "author", "stars", "fit", "text"),
            *("is_hidden", "created_at", "updated_at", "editable_until"),
        )

    def add_brand(self, brand_id: int, styles: list[Style]) -> None:
        """Let buyers speak of a brand's styles, the oldest word first."""
        said: list[tuple[datetime, Style, tuple[str, ...]]] = []
        for style in styles:
            tendency: tuple[str, ...]
            (tendency,) = self._dice.choices([words for words, _part in TENDENCIES], [part for _w, part in TENDENCIES])
            for _number in range(self._dice.randrange(min(MOST_REVIEWS, 2 + style.age_days // 8))):
                minutes = self._dice.randrange(60, max(120, style.age_days * 1440))
                said.append((self._now - timedelta(minutes=minutes), style, tendency))
        for at, style, tendency in sorted(said, key=lambda word: word[0]):
            self._add(brand_id, style, tendency, at)

    def _add(self, brand_id: int, style: Style, tendency: tuple[str, ...], at: datetime) -> None:
        dice = self._dice
        (stars,) = dice.choices([stars for stars, _part in STARS], [part for _stars, part in STARS])
        variant_id = dice.choice(dice.choice(style.colors))
        fit = dice.choice(tendency) if dice.random() < 0.8 else ""
        text = dice.choice(WORDS[stars]) if dice.random() < 0.85 else ""
        author = f"{dice.choice(SURNAMES)}**"
        owner = f"demo:{self.reviews.next_id}"
        self.reviews.add(
            (
                brand_id,
                style.product_id,
                variant_id,
                None,
                owner,
                author,
                stars,
                fit,
                text,
                False,
                at,
                at,
                at + EDITABLE,
            )
        )
