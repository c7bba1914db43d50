"""Who works in the demo's stores, and who shops there. Every name and number is made up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import make_password

from omni.kernel import numbers, sealing
from omni.pages.demo.brands import PASSWORD
from omni.pages.demo.copying import Table
from omni.pages.demo.offers import Membership
from stores import choices as stores_choices

if TYPE_CHECKING:
    import random
    from datetime import datetime

    from omni.pages.demo.brands import DemoBrand
    from omni.pages.demo.places import DemoStore, Places

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高梁宋郑谢韩唐冯于董萧"
    "程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
)
GIVEN = [
    "雨桐",
    "子涵",
    "欣怡",
    "梓萱",
    "诗涵",
    "梦琪",
    "晓彤",
    "佳怡",
    "思远",
    "浩然",
    "俊杰",
    "宇航",
    "文博",
    "嘉豪",
    "明轩",
    "志强",
    "静",
    "敏",
    "丽娜",
    "芳",
    "洁",
    "婷婷",
    "雪",
    "琳",
    "倩",
    "磊",
    "洋",
    "伟",
    "强",
    "军",
    "杰",
    "涛",
    "超",
    "鹏",
    "辉",
    "晨",
    "若曦",
    "语嫣",
    "一诺",
    "可欣",
    "书瑶",
    "安然",
    "沐阳",
    "景行",
    "知远",
    "亦凡",
    "乐怡",
    "清扬",
]
ESTATES = ["翠湖花园", "阳光里", "锦绣苑", "望江府", "书香名邸", "梧桐公馆", "云景台", "和风雅居", "丽水湾", "金桂园"]
MEMBERS_A_BRAND = 500
MALLS_WITH_FINANCE = 6
FIRST_STORE = "SH001"


class People:
    """Collects accounts, staff, members and addresses. The password's hash is computed once."""

    def __init__(self, dice: random.Random, now: datetime) -> None:
        self.dice = dice
        self.now = now
        self.password, self.no_password = make_password(PASSWORD), make_password(None)
        self.users = Table(
            "accounts_user",
            *("password", "is_superuser", "username", "first_name", "last_name", "email", "is_staff", "is_active"),
            *("date_joined", "phone_sealed", "phone_index", "language"),
        )
        self.staff = Table(
            "stores_staff", "user_id", "role", "brand_id", "store_id", "counterparty_id", "display_name", "is_active"
        )
        self.members = Table(
            "members_member",
            *("brand_id", "user_id", "number", "name", "phone_sealed", "phone_index"),
            *("home_store_id", "language", "joined_at"),
        )
        self.addresses = Table(
            "members_accountaddress", "user_id", "recipient", "phone_sealed", "district_id", "street", "created_at"
        )
        self.memberships: list[Membership] = []
        # The account of a phone: whoever is a member of two brands has one.
        self.shoppers: dict[str, int] = {}

    def tables(self) -> list[Table]:
        """Return the tables in the order in which they must be loaded."""
        return [self.users, self.staff, self.members, self.addresses]

    def name(self) -> str:
        """Return a made-up Chinese name."""
        return self.dice.choice(SURNAMES) + self.dice.choice(GIVEN)

    def add_administrator(self) -> None:
        """Add the account of the Django admin."""
        self._add_user("admin", "", is_administrator=True)

    def add_headquarters(self, brand: DemoBrand, brand_id: int) -> None:
        """Add two accounts of a brand's headquarters and one of a regional manager."""
        for suffix, role in (
            ("hq", stores_choices.Role.HQ),
            ("hq-2", stores_choices.Role.HQ),
            ("region", stores_choices.Role.REGION),
        ):
            name = self.name()
            user_id = self._add_user(f"{brand.code}-{suffix}", name)
            self.staff.add((user_id, role.value, brand_id, None, None, name, True))

    def add_store_staff(self, brand: DemoBrand, brand_number: int, store: DemoStore) -> None:
        """Add a manager, a clerk and a guide of a store; messages reach the manager of the brand's first one."""
        for role in (stores_choices.Role.MANAGER, stores_choices.Role.CLERK, stores_choices.Role.GUIDE):
            is_told = role == stores_choices.Role.MANAGER and store.code == FIRST_STORE
            phone = f"+861669999{brand_number:04d}" if is_told else ""
            name = self.name()
            user_id = self._add_user(f"{brand.code}-{store.code.lower()}-{role.value}", name, phone=phone)
            self.staff.add((user_id, role.value, None, store.store_id, None, name, True))

    def add_mall_finance(self, places: Places) -> None:
        """Add an account for the finance of the first few malls."""
        for mall in places.malls[:MALLS_WITH_FINANCE]:
            number = mall.counterparty_id - places.malls[0].counterparty_id + 1
            name = self.name()
            user_id = self._add_user(f"mall-{mall.city.prefix.lower()}-{number}", name)
            self.staff.add(
                (user_id, stores_choices.Role.MALL_FINANCE.value, None, None, mall.counterparty_id, name, True)
            )

    def _add_user(self, username: str, name: str, *, phone: str = "", is_administrator: bool = False) -> int:
        joined_at = self.now - timedelta(days=200)
        rights = (is_administrator, True)
        secrets = (sealing.seal(phone), sealing.blind_index(phone)) if phone else ("", None)
        return self.users.add(
            (self.password, is_administrator, username, name, "", "", *rights, joined_at, *secrets, "zh-hans")
        )

    def add_members(self, brand_id: int, brand_number: int, stores: list[DemoStore], places: Places) -> None:
        """Add a brand's members, each with an account; some of them are members of the brand before as well."""
        for number in range(MEMBERS_A_BRAND):
            person = brand_number * (MEMBERS_A_BRAND - 50) + number
            phone = f"+861660{person:07d}"
            home, name = self.dice.choice(stores), self.name()
            joined_at = self.now - timedelta(days=self.dice.randrange(1, 700), minutes=self.dice.randrange(1440))
            language = "zh-hans" if self.dice.random() < 0.93 else "en"
            secrets = (sealing.seal(phone), sealing.blind_index(phone))
            user_id = self.shoppers.get(phone)
            if user_id is None:
                user_id = self._add_shopper(name, language, secrets, joined_at)
                self.shoppers[phone] = user_id
                self._add_addresses(user_id, name, phone, home, places)
            member_id = self.members.add(
                (brand_id, user_id, numbers.public_number("M"), name, *secrets, home.store_id, language, joined_at)
            )
            self.memberships.append(Membership(member_id, brand_id, joined_at))

    def _add_shopper(self, name: str, language: str, secrets: tuple[str, str], joined_at: datetime) -> int:
        """Add an account that signs in with its phone."""
        username = numbers.public_number("U")
        return self.users.add(
            (self.no_password, False, username, name, "", "", False, True, joined_at, *secrets, language)
        )

    def _add_addresses(self, user_id: int, name: str, phone: str, home: DemoStore, places: Places) -> None:
        """Add one or two addresses in the city of a person's home store."""
        for _number in range(self.dice.choice((1, 1, 1, 2))):
            sites = places.sites[home.city]
            site = self.dice.choices(sites, [site.weight for site in sites])[0]
            street = f"{self.dice.choice(ESTATES)} {self.dice.randrange(1, 30)} 幢 {self.dice.randrange(101, 2604)} 室"
            self.addresses.add((user_id, name, sealing.seal(phone), site.district.pk, street, self.now))
