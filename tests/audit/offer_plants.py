"""Violations of offers and points to plant."""

from tests.audit.planting import Plant

POINTS = "Points are what their entries sum to"
OFFERS = "Coupons are used by one, and limits are counted"
MEMBERS_DUE = "No step of members is overdue"

OFFER_PLANTS = (
    Plant(
        "a point that appeared",
        "UPDATE members_pointsaccount SET available = available + 1",
        {POINTS},
        "entries say 500, 200, 300, 0",
    ),
    Plant(
        "an entry of points that vanished",
        "DELETE FROM members_pointsentry WHERE kind = 'spent'",
        {POINTS},
        "entries say 500, 500, 0, 0",
    ),
    Plant(
        "points that no sale waits with",
        "UPDATE members_pointsgrant SET points = points + 1 WHERE matured_at IS NULL",
        {POINTS},
        "500 pending, sales say 501",
    ),
    Plant(
        "points that no order has spent",
        "UPDATE members_offeruse SET points = points - 1 WHERE points > 0",
        {POINTS},
        "300 spent, orders say 299",
    ),
    Plant(
        "a coupon used by nobody",
        "DELETE FROM members_offeruse WHERE coupon_id IS NOT NULL",
        {OFFERS},
        "is used, and by nobody",
    ),
    Plant(
        "a coupon that is used and can be used again",
        "UPDATE members_coupon SET status = 'issued' WHERE status = 'used'",
        {OFFERS},
        "is issued, and order:",
    ),
    Plant(
        "a coupon that no limit counts",
        "UPDATE members_coupontemplate SET issued_count = issued_count - 1",
        {OFFERS},
        "1 counted, there are 2",
    ),
    Plant(
        "a coupon that the member's limit does not count",
        "DELETE FROM members_coupontally",
        {OFFERS},
        "0 counted, there are 2",
    ),
    Plant(
        "a promotion used more often than counted",
        "UPDATE members_promotion SET used_count = 0 WHERE total_limit IS NOT NULL",
        {OFFERS},
        "0 counted, it is used 1 times",
    ),
    Plant(
        "points that never become available",
        "UPDATE members_pointsgrant SET available_at = '2026-03-16 03:00+00' WHERE matured_at IS NULL",
        {MEMBERS_DUE},
        "were to become available",
    ),
    Plant(
        "a coupon that never ends",
        "UPDATE members_coupon SET expires_at = '2026-03-16 03:00+00' WHERE status = 'issued'",
        {MEMBERS_DUE},
        "was to end",
    ),
)
