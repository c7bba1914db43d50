"""What every test has: a closed network, and a browser for those that ask for one."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from tests.browser import LAUNCH_OPTIONS, find_browser

pytest_plugins = ["tests.audit_fixture", "tests.cast"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests with a browser last: its event loop stays in the process, where Django minds it."""
    for item in items:
        if {"browser", "page"}.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("browser")
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def browser_type_launch_args(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Launch the browser of this machine, or the one in the npm package; from here on Django accepts its loop."""
    path, environment = find_browser()
    home = tmp_path_factory.mktemp("browser")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
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
