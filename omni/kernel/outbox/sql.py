"""The statements of the outbox. Parameters are named; `now` is the caller's clock."""

PUBLISH = """
WITH event AS (
    INSERT INTO kernel_event (name, entity, payload, created_at)
    VALUES (%(name)s, %(entity)s, %(payload)s::jsonb, %(now)s)
    RETURNING id
)
INSERT INTO kernel_eventdelivery (event_id, subscriber, entity, state, attempts, due_at, error)
SELECT event.id, subscriber, %(entity)s, 'pending', 0, %(now)s, ''
FROM event, unnest(%(subscribers)s::text[]) AS subscriber
"""

# Counts the attempt and starts its lease. That need not survive a crash of the database, only of the worker:
# set_config spares this commit its fsync.
CLAIM = """
WITH head AS (
    SELECT delivery.id FROM kernel_eventdelivery delivery
    WHERE delivery.state = 'pending' AND delivery.due_at <= %(now)s
        AND NOT EXISTS (
            SELECT 1 FROM kernel_eventdelivery earlier
            WHERE earlier.subscriber = delivery.subscriber AND earlier.entity = delivery.entity
                AND earlier.id < delivery.id AND earlier.state IN ('pending', 'parked')
        )
    ORDER BY delivery.due_at, delivery.id LIMIT 1
    FOR UPDATE OF delivery SKIP LOCKED
)
UPDATE kernel_eventdelivery delivery
SET attempts = delivery.attempts + 1,
    due_at = %(now)s + (%(leases)s::int[])[least(delivery.attempts + 1, %(last)s)] * interval '1 second'
FROM head, kernel_event event
WHERE delivery.id = head.id AND event.id = delivery.event_id
RETURNING delivery.id, delivery.subscriber, delivery.attempts, event.payload::text,
    set_config('synchronous_commit', 'off', true)
"""

# Marks a claimed delivery done, before its handler runs in the same transaction, and makes its next follower due.
FINISH = """
WITH done AS (
    UPDATE kernel_eventdelivery SET state = 'done', finished_at = %(now)s, error = ''
    WHERE id = %(id)s AND attempts = %(attempts)s AND state = 'pending'
    RETURNING id, subscriber, entity
), released AS (
    UPDATE kernel_eventdelivery SET due_at = %(now)s
    WHERE due_at > %(now)s AND state = 'pending' AND id = (
        SELECT follower.id FROM kernel_eventdelivery follower JOIN done
            ON follower.subscriber = done.subscriber AND follower.entity = done.entity AND follower.id > done.id
        WHERE follower.state IN ('pending', 'parked')
        ORDER BY follower.id LIMIT 1
    )
)
SELECT count(*) FROM done
"""

# Puts off or parks a delivery, and its followers with it, so that claims need not step over them.
FAIL = """
WITH failed AS (
    UPDATE kernel_eventdelivery SET state = %(state)s, due_at = %(due_at)s, error = %(error)s
    WHERE id = %(id)s AND attempts = %(attempts)s AND state = 'pending'
    RETURNING id, subscriber, entity
)
UPDATE kernel_eventdelivery follower SET due_at = %(due_at)s FROM failed
WHERE follower.subscriber = failed.subscriber AND follower.entity = failed.entity AND follower.id > failed.id
    AND follower.state = 'pending' AND follower.due_at < %(due_at)s
"""

UNPARK = """
UPDATE kernel_eventdelivery SET state = 'pending', attempts = 0, due_at = %(now)s
WHERE id = %(id)s AND state = 'parked'
"""

# A head in its first attempt is not failing yet: its followers would only lose time.
DEFER = """
WITH blocked AS (
    SELECT follower.id, CASE WHEN head.state = 'parked' THEN %(parked_until)s ELSE head.due_at END AS until
    FROM kernel_eventdelivery head JOIN kernel_eventdelivery follower
        ON follower.subscriber = head.subscriber AND follower.entity = head.entity AND follower.id > head.id
    WHERE head.state IN ('pending', 'parked')
        AND (head.state = 'parked' OR (head.attempts > 1 AND head.due_at > %(now)s))
        AND follower.state = 'pending' AND follower.due_at <= %(now)s
    LIMIT %(limit)s
    FOR UPDATE OF follower SKIP LOCKED
)
UPDATE kernel_eventdelivery delivery SET due_at = blocked.until FROM blocked WHERE delivery.id = blocked.id
"""

NUMBER = """
WITH unnumbered AS (
    SELECT id, row_number() OVER (ORDER BY id) AS rank
    FROM (SELECT id FROM kernel_event WHERE position IS NULL ORDER BY id LIMIT %(limit)s) AS oldest
), last AS (SELECT coalesce(max(position), 0) AS position FROM kernel_event)
UPDATE kernel_event event SET position = last.position + unnumbered.rank
FROM unnumbered, last WHERE event.id = unnumbered.id
"""

# The oldest done rows by id, found without an index on finished_at.
PRUNE = """
WITH oldest AS (
    SELECT id, finished_at FROM kernel_eventdelivery WHERE state = 'done' ORDER BY id LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
DELETE FROM kernel_eventdelivery delivery USING oldest
WHERE delivery.id = oldest.id AND oldest.finished_at < %(before)s
"""
