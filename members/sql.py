"""The hot statements of members."""

# Issues one more of a template to a member, unless the member has as many as they may.
TALLY = """
INSERT INTO members_coupontally AS tally (template_id, member_id, issued_count)
VALUES (%(template_id)s, %(member_id)s, 1)
ON CONFLICT (template_id, member_id) DO UPDATE SET issued_count = tally.issued_count + 1
WHERE tally.issued_count < %(limit)s
"""

# The promotions that run for a channel and a store, and are not used up by all.
RUNNING_PROMOTIONS = """
SELECT promotion.id, name_zh, name_en, benefit, amount_fen, percent_ppm, cap_fen, threshold_fen, threshold_units,
    category_ids, product_ids, excludes_marked_down, "group", is_exclusive, priority,
    ARRAY[brand_ppm, store_ppm, mall_ppm, platform_ppm], per_member_limit
FROM members_promotion promotion
WHERE brand_id = %(brand_id)s AND is_running AND valid @> %(now)s::timestamptz
    AND (cardinality(channels) = 0 OR %(channel)s::text = ANY(channels))
    AND (cardinality(store_ids) = 0 OR %(store_id)s::bigint = ANY(store_ids))
    AND (total_limit IS NULL OR used_count < total_limit)
"""

# Promotions without a limit are used as they are: nothing is counted. What comes back was used.
USE_UNLIMITED = """
INSERT INTO members_offeruse (
    owner, member_id, promotion_id, points, points_back, amount_fen, back_fen, used_at
)
SELECT %(owner)s, %(member_id)s::bigint, promotion.id, 0, 0, wanted.amount_fen, 0, %(now)s::timestamptz
FROM unnest(%(ids)s::bigint[], %(amounts)s::bigint[]) AS wanted (id, amount_fen)
JOIN members_promotion promotion ON promotion.id = wanted.id
    AND promotion.total_limit IS NULL AND promotion.per_member_limit IS NULL
RETURNING promotion_id
"""

# Rows checked, rows wrong, and up to twenty of those named.
_VERDICT = """
SELECT count(*), count(*) FILTER (WHERE problem IS NOT NULL),
    (array_agg(problem ORDER BY id) FILTER (WHERE problem IS NOT NULL))[1:20]
FROM judged
"""

AUDIT_POINTS = (
    """
WITH judged AS (
    SELECT account.id, CASE
        WHEN (account.pending, account.available, account.spent, account.owed) IS DISTINCT FROM (
            coalesce(booked.pending, 0), coalesce(booked.available, 0), coalesce(booked.spent, 0),
            coalesce(booked.owed, 0)
        ) THEN concat(
            'points of member ', account.member_id, ': ', account.pending, ' pending, ', account.available,
            ' available, ', account.spent, ' spent, ', account.owed, ' owed; entries say ',
            coalesce(booked.pending, 0), ', ', coalesce(booked.available, 0), ', ', coalesce(booked.spent, 0), ', ',
            coalesce(booked.owed, 0)
        )
        WHEN account.pending <> coalesce(waiting.points, 0)
            THEN concat('points of member ', account.member_id, ': ', account.pending, ' pending, sales say ',
                coalesce(waiting.points, 0))
        WHEN account.spent <> coalesce(used.points, 0)
            THEN concat('points of member ', account.member_id, ': ', account.spent, ' spent, orders say ',
                coalesce(used.points, 0))
    END AS problem
    FROM members_pointsaccount account
    LEFT JOIN (
        SELECT account_id, sum(pending) AS pending, sum(available) AS available, sum(spent) AS spent, sum(owed) AS owed
        FROM members_pointsentry GROUP BY account_id
    ) booked ON booked.account_id = account.id
    LEFT JOIN (
        SELECT account_id, sum(points - reversed_points) AS points FROM members_pointsgrant
        WHERE matured_at IS NULL GROUP BY account_id
    ) waiting ON waiting.account_id = account.id
    LEFT JOIN (
        SELECT member_id, sum(points - points_back) AS points FROM members_offeruse
        WHERE points > 0 GROUP BY member_id
    ) used ON used.member_id = account.member_id
)
"""
    + _VERDICT
)

AUDIT_OFFERS = (
    """
WITH judged AS (
    SELECT coupon.id, CASE
        WHEN coupon.status = 'used' AND used.coupon_id IS NULL
            THEN concat('coupon ', coupon.code, ' is used, and by nobody')
        WHEN coupon.status <> 'used' AND used.coupon_id IS NOT NULL
            THEN concat('coupon ', coupon.code, ' is ', coupon.status, ', and ', used.owner, ' uses it')
    END AS problem
    FROM members_coupon coupon
    LEFT JOIN members_offeruse used ON used.coupon_id = coupon.id AND used.given_back_at IS NULL
    UNION ALL
    SELECT template.id, CASE WHEN template.issued_count <> coalesce(issued.number, 0)
        THEN concat('coupon template ', template.id, ': ', template.issued_count, ' counted, there are ',
            coalesce(issued.number, 0)) END
    FROM members_coupontemplate template
    LEFT JOIN (
        SELECT template_id, count(*) AS number FROM members_coupon GROUP BY template_id
    ) issued ON issued.template_id = template.id
    UNION ALL
    SELECT coalesce(tally.id, 0), CASE WHEN coalesce(tally.issued_count, 0) <> coalesce(issued.number, 0)
        THEN concat('coupon template ', coalesce(tally.template_id, issued.template_id), ' of member ',
            coalesce(tally.member_id, issued.member_id), ': ', coalesce(tally.issued_count, 0), ' counted, there are ',
            coalesce(issued.number, 0)) END
    FROM members_coupontally tally
    FULL JOIN (
        SELECT template_id, member_id, count(*) AS number FROM members_coupon GROUP BY template_id, member_id
    ) issued ON issued.template_id = tally.template_id AND issued.member_id = tally.member_id
    UNION ALL
    SELECT promotion.id, CASE WHEN promotion.used_count <> coalesce(used.number, 0)
        THEN concat('promotion ', promotion.id, ': ', promotion.used_count, ' counted, it is used ',
            coalesce(used.number, 0), ' times') END
    FROM members_promotion promotion
    LEFT JOIN (
        SELECT promotion_id, count(*) AS number FROM members_offeruse WHERE given_back_at IS NULL GROUP BY promotion_id
    ) used ON used.promotion_id = promotion.id
    WHERE promotion.total_limit IS NOT NULL
)
"""
    + _VERDICT
)

AUDIT_DUE = (
    """
WITH judged AS (
    SELECT id, CASE WHEN available_at < %(overdue)s
        THEN concat('points of ', cause, ' were to become available: ', available_at) END AS problem
    FROM members_pointsgrant WHERE matured_at IS NULL
    UNION ALL
    SELECT id, CASE WHEN expires_at < %(overdue)s
        THEN concat('coupon ', code, ' was to end: ', expires_at) END
    FROM members_coupon WHERE status = 'issued'
)
"""
    + _VERDICT
)

# Who waits is looked at every minute; who was told has a message.
AUDIT_ARRIVALS = (
    """
WITH judged AS (
    SELECT notice.id, CASE
        WHEN notice.status = 'waiting' AND notice.due_at < %(overdue)s
            THEN concat('arrival notice ', notice.id, ' was to be looked at: ', notice.due_at)
        WHEN notice.status = 'notified' AND message.id IS NULL
            THEN concat('arrival notice ', notice.id, ' is told, and there is no message')
    END AS problem
    FROM members_arrivalnotice notice
    LEFT JOIN messaging_message message ON message.cause = concat('arrival:', notice.id)
    WHERE notice.status IN ('waiting', 'notified')
)
"""
    + _VERDICT
)
