"""A demo world: four brands that do not exist, on real districts. Never part of a production database."""

from omni.pages.demo.account import DemoShopper, fill_account, find_shopper
from omni.pages.demo.brands import BRANDS, PASSWORD
from omni.pages.demo.day import DemoDesk, fill_day, find_desk
from omni.pages.demo.world import build_world

_FIRST = BRANDS[0].code

# (audience, path, user, password) for the table that the run command prints.
SIGN_INS: list[tuple[str, str, str, str]] = [
    ("Shopper", "/", "", ""),
    ("Store clerk", "/desk/", f"{_FIRST}-sh001-clerk", PASSWORD),
    ("Store manager", "/desk/", f"{_FIRST}-sh001-manager", PASSWORD),
    ("Headquarters", "/hq/", f"{_FIRST}-hq", PASSWORD),
    ("Administrator", "/admin/", "admin", PASSWORD),
]

# The shopper whom the README names, and where they go.
SHOPPER_AT = ("+8616600000001", _FIRST, "SH001")

# The desk at which a day goes on.
DESK_OF = f"{_FIRST}-sh001-clerk"

__all__ = [
    "BRANDS",
    "DESK_OF",
    "PASSWORD",
    "SHOPPER_AT",
    "SIGN_INS",
    "DemoDesk",
    "DemoShopper",
    "build_world",
    "fill_account",
    "fill_day",
    "find_desk",
    "find_shopper",
]
