import pytest

from omni.accounts import rules


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
    ],
)
def test_address_group_is_what_one_subscriber_has(address: str, group: str) -> None:
    assert rules.address_group(address) == group


def test_code_limits_count_the_total_last() -> None:
    limits = rules.code_limits("index", "203.0.113.9", per_address=7, in_total=100)

    assert limits == (
        ("address:203.0.113.9", 7, 3600),
        ("phone-minute:index", 1, 60),
        ("phone-hour:index", 5, 3600),
        ("phone-day:index", 10, 86400),
        ("total", 100, 3600),
    )
