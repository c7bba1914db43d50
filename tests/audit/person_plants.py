"""Violations to plant in what a person asked for of their own data."""

from tests.audit.planting import Plant

ERASURES = "No erasure is overdue"
EXPORTS = "No copy of somebody's data is overdue"

PERSON_PLANTS = (
    Plant(
        "an erasure that nobody answers",
        "UPDATE accounts_erasure SET status = 'running', round = 1, due_at = '2026-03-16 03:00+00'",
        {ERASURES},
        ": running, round 1",
    ),
    Plant(
        "an erasure that waits for nothing",
        "UPDATE accounts_erasure SET due_at = NULL",
        {ERASURES},
        ": requested, round 0",
    ),
    Plant(
        "a copy of somebody's data that nobody makes",
        "UPDATE pages_dataexport SET next_attempt_at = '2026-03-16 03:00+00'",
        {EXPORTS},
        ": requested",
    ),
)
