"""The story on a platform of its own with the demo's data: what a newcomer tries first, and the smoke test."""

import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.test_supervisor import Platform

pytestmark = pytest.mark.xdist_group("supervisor")
TIME_SCALE = "600"


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """Start a platform with the demo's data, whose couriers ride 600 times as fast."""
    with tempfile.TemporaryDirectory(prefix="omni-story-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL's user passes through
        platform = Platform(folder, OMNI_DEMO="1", OMNI_SANDBOX_TIME_SCALE=TIME_SCALE)
        try:
            platform.start()
            yield platform
        finally:
            if platform.process is not None and platform.process.poll() is None:
                platform.end(signal.SIGTERM)


def run(platform: Platform, *arguments: str) -> tuple[int, str]:
    """Run a command against the platform, and return its exit status and what it printed."""
    command = platform.command("bin.commands", *arguments)
    said = command.communicate(timeout=180)[0]
    return command.returncode, said


def test_story_ends_with_the_sale_credited_and_every_invariant_holding(platform: Platform) -> None:
    status, said = run(platform, "story")

    assert status == 0, said
    assert "The sale is recognised and credited" in said
    last = said.splitlines()[-1]
    found = re.search(r"The end: order (\S+) \(\S+\) is delivered and its sale credited\.$", last)
    assert found, said
    newest = "FROM orders_order ORDER BY id DESC LIMIT 1"
    assert platform.query(f"SELECT number, status {newest}") == [(found[1], "completed")]
    (credited,) = platform.query(
        "SELECT sum(entry.amount_fen) > 0, sum(entry.amount_fen) FROM settlement_creditentry entry"
        f" JOIN orders_recognition sale ON sale.id = entry.recognition_id WHERE sale.order_id = (SELECT id {newest})"
    )
    assert credited == (True, *platform.query(f"SELECT goods_fen {newest}")[0])

    status, said = run(platform, "manage", "audit")

    assert status == 0, said
    assert "Every invariant holds" in said.splitlines()[-1]
