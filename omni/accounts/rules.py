"""How often codes may be asked for and tried: pure figures."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

MINUTE, HOUR, DAY = 60, 3600, 86400


class Limit(NamedTuple):
    """So many within so many seconds, counted from the first."""

    name: str
    most: int
    seconds: int


def code_limits(phone_index: str, address: str, *, per_address: int, in_total: int) -> tuple[Limit, ...]:
    """Return what is counted when a code is asked for, in this order: who is stopped early uses up no later one."""
    return (
        Limit(f"address:{address_group(address)}", per_address, HOUR),
        Limit(f"phone-minute:{phone_index}", 1, MINUTE),
        Limit(f"phone-hour:{phone_index}", 5, HOUR),
        Limit(f"phone-day:{phone_index}", 10, DAY),
        Limit("total", in_total, HOUR),
    )


def address_group(address: str) -> str:
    """Return the address itself, or the /64 that one subscriber has of IPv6."""
    parsed = ipaddress.ip_address(address)
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))
