"""What every test has: a closed network, and a browser for those that ask for one."""

import faulthandler
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from playwright.sync_api import expect

from tests.browser import LAUNCH_OPTIONS, find_browser

pytest_plugins = ["tests.audit_fixture", "tests.cast", "tests.database"]

# Much of what a test asks of a browser has no end of its own: `evaluate` waits for a promise as long as it takes, and
# closing a context for the browser. An alarm interrupts that where it stands, and the next test goes on.
BROWSER_SECONDS = 180
# A page is waited for so long. Five seconds, as Playwright has it, are little for a machine that runs other tests too.
EXPECT_MILLISECONDS = 20_000
# pytest-timeout lets go of a test that has failed. A browser or a server that then does not close ends the process.
TEARDOWN_SECONDS = 240
# A request that is on its way when its page closes has ended long before.
REQUEST_SECONDS = 10
STDERR = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the terminal at hand for a last word, while nothing is captured yet."""
    config.stash[STDERR] = os.dup(sys.__stderr__.fileno() if sys.__stderr__ else 2)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Give what a test leaves behind a time to be put away in; after that say where every thread stands, and end."""
    faulthandler.dump_traceback_later(TEARDOWN_SECONDS, exit=True, file=item.config.stash[STDERR])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests with a browser last: its event loop stays in the process, where Django minds it."""
    for item in items:
        if "launch_browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
            item.add_marker(pytest.mark.timeout(BROWSER_SECONDS, method="signal"))
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def browser_type_launch_args(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Launch the browser of this machine, or the one in the npm package; from here on Django accepts its loop."""
    path, environment = find_browser()
    home = tmp_path_factory.mktemp("browser")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=EXPECT_MILLISECONDS)
    yield {
        "executable_path": str(path),
        "args": LAUNCH_OPTIONS,
        "env": {**os.environ, **environment, "HOME": str(home)},
    }
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """Open pages as a shopper's phone does: Chinese, and in the shops' time zone."""
    return {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "viewport": {"width": 390, "height": 844}}


@pytest.fixture(autouse=True)
def _language_of_its_own() -> None:
    """Begin in the default language, whatever the request of the test before had active."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def _default_split(request: pytest.FixtureRequest) -> None:
    """Put back the credit split of the migrations, which the test before flushed away if it committed for real."""
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker is not None and marker.kwargs.get("transaction")):
        from tests.factories.settlement import restore_default_split

        request.getfixturevalue("transactional_db")
        restore_default_split()


@pytest.fixture(autouse=True)
def _last_requests(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the requests of pages that are closed end before the tables are emptied: the two would deadlock."""
    if "live_server" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    end = time.monotonic() + REQUEST_SECONDS
    while busy_connections() and time.monotonic() < end:
        time.sleep(0.02)


def busy_connections() -> int:
    """Count who else is in the midst of a statement or a transaction on the test's database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND state <> 'idle'"
        )
        return int(cursor.fetchone()[0])


@pytest.fixture
def repository() -> Path:
    """Return the root of the checkout."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture
def django_assert_num_queries() -> Callable[[int], AbstractContextManager[CaptureQueriesContext]]:
    """Count statements as pytest-django does, but for what a connection prepares once: an earlier test may have."""

    @contextmanager
    def counted(number: int) -> Iterator[CaptureQueriesContext]:
        with CaptureQueriesContext(connection) as captured:
            yield captured
        performed = [query["sql"] for query in captured.captured_queries if not query["sql"].startswith("PREPARE ")]
        assert len(performed) == number, "\n".join(performed)

    return counted
