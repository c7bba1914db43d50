"""What accounts tell every app above. The first field names the entity; none holds personal data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ErasureRequested:
    """An account is to be forgotten now. Each subscriber answers with `accounts_services.answer_erasure`.

    It is published again, with the next round, as long as somebody has to hold it.
    """

    erasure_id: int
    user_id: int
    round: int
