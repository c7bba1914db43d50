"""The import contracts of pyproject.toml: kept by the code, and each broken by a planted violation."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

APPS = ("stores", "inventory", "members", "fulfillment", "orders", "settlement")
MODULES = (
    "choices",
    "events",
    "rules",
    "models",
    "permissions",
    "sql",
    "locks",
    "queries",
    "services",
    "views",
    "apps",
)
SITE = ("settings", "celery", "sandbox", "urls", "wsgi", "api", "pages", "accounts", "messages", "kernel")
NAMES = {
    "apps": "An app imports only those below it",
    "omni": "Every part of omni has its place",
    "modules": "Inside an app the modules are layered, and have no other names",
    "frameworks": "The domain knows neither DRF nor Celery",
    "public": "Across apps only public modules are imported, as modules",
}


def lint(folder: Path) -> tuple[int, set[str], str]:
    """Run the linter in a folder; return its status, the contracts that broke, and what it printed."""
    script = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(script), "--no-cache"], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    printed = done.stdout + done.stderr
    broken = {key for key, name in NAMES.items() if re.search(rf"^{re.escape(name)} BROKEN", printed, re.MULTILINE)}
    return done.returncode, broken, printed


@pytest.fixture
def skeleton(tmp_path: Path, repository: Path) -> Path:
    """Build a checkout of empty modules that keeps every contract."""
    shutil.copy(repository / "pyproject.toml", tmp_path)
    for package in ("tests", "tests/architecture", "omni", *APPS):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    shutil.copy(repository / "tests" / "architecture" / "contracts.py", tmp_path / "tests" / "architecture")
    for app in APPS:
        for module in MODULES:
            (tmp_path / app / f"{module}.py").touch()
    for module in SITE:
        if module in {"celery", "wsgi", "urls"}:
            (tmp_path / "omni" / f"{module}.py").touch()
        else:
            (tmp_path / "omni" / module).mkdir()
            (tmp_path / "omni" / module / "__init__.py").touch()
    return tmp_path


def plant(folder: Path, module: str, line: str) -> None:
    """Write a line into a module of the skeleton."""
    path = folder.joinpath(*module.split(".")).with_suffix(".py")
    path.write_text(f"{line}\n", encoding="utf-8")


def test_contracts_on_the_code_are_kept(repository: Path) -> None:
    """The names that the planted cases look for are the real ones as well."""
    configured = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    status, broken, printed = lint(repository)
    assert (status, broken) == (0, set()), printed
    assert {contract["id"]: contract["name"] for contract in configured["contracts"]} == NAMES


def test_contracts_on_the_skeleton_are_kept(skeleton: Path) -> None:
    """Without a violation nothing breaks, so what breaks below is the violation."""
    plant(
        skeleton, "orders.services", "from inventory import services as inventory_services\nfrom orders import queries"
    )
    plant(skeleton, "omni.urls", "import omni.kernel")
    status, broken, printed = lint(skeleton)
    assert (status, broken) == (0, set()), printed


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("stores.services", "from orders import queries", "apps"),
        ("inventory.services", "from fulfillment import services", "apps"),
        ("members.services", "from fulfillment import queries", "apps"),
        ("fulfillment.services", "from members import queries", "apps"),
        ("omni.kernel.money", "from stores import choices", "apps"),
        ("orders.services", "from settlement import queries", "apps"),
        ("orders.services", "from django.conf import settings\nimport omni.settings", "apps"),
        ("settlement.queries", "def late() -> None:\n    import omni.pages", "apps"),
        ("omni.reports", "", "omni"),
        ("omni.kernel.clock", "import omni.accounts", "omni"),
        ("orders.helpers", "", "modules"),
        ("orders.rules", "from orders import models", "modules"),
        ("orders.models", "from orders.services import place_order", "modules"),
        ("orders.queries", "from orders import services", "modules"),
        ("orders.sql", "from orders import queries", "modules"),
        ("orders.choices", "from orders import events", "modules"),
        ("orders.services", "def late() -> None:\n    from orders import views", "modules"),
        ("orders.models", "from rest_framework import serializers", "frameworks"),
        ("orders.services", "from celery import shared_task", "frameworks"),
        ("orders.queries", "import rest_framework.views", "frameworks"),
        ("stores.locks", "def late() -> None:\n    import celery", "frameworks"),
        ("orders.services", "from inventory import models as inventory_models", "public"),
        ("orders.services", "from inventory.services import hold_stock", "public"),
        ("orders.services", "from inventory.services import (\n    hold_stock,\n)", "public"),
        ("orders.services", "import inventory", "public"),
        ("orders.models", "from stores.models import Brand", "public"),
        ("settlement.services", "from orders import locks", "public"),
        ("omni.pages.seeding", "from orders.rules import price", "public"),
        ("orders.views", "from stores import views", "public"),
    ],
)
def test_contract_with_a_planted_violation_is_broken(skeleton: Path, module: str, line: str, contract: str) -> None:
    plant(skeleton, module, line)
    status, broken, printed = lint(skeleton)
    assert status == 1, printed
    assert contract in broken, printed


def test_public_contract_with_routes_lets_only_the_site_import_them(skeleton: Path) -> None:
    for app in ("stores", "orders"):
        plant(skeleton, f"{app}.urls", "")
    plant(skeleton, "omni.urls", "import orders.urls")
    assert lint(skeleton)[:2] == (0, set())
    plant(skeleton, "orders.apps", "from stores import urls")
    assert lint(skeleton)[:2] == (1, {"public"})


def test_type_only_imports_point_down_as_well(repository: Path, tmp_path: Path) -> None:
    """The contracts leave type-only imports out, since they cost nothing at run time; their arrows still count."""
    for name in ("omni", "tests", *APPS):
        (tmp_path / name).symlink_to(repository / name)
    text = (repository / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(_with_type_only_imports(text), encoding="utf-8")
    status, broken, printed = lint(tmp_path)
    assert not broken & {"apps", "omni"}, printed
    assert status in {0, 1}, printed


def test_type_only_import_with_a_planted_violation_is_seen(skeleton: Path) -> None:
    plant(
        skeleton, "stores.rules", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from orders import events"
    )
    assert lint(skeleton)[:2] == (0, set())
    path = skeleton / "pyproject.toml"
    path.write_text(_with_type_only_imports(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert lint(skeleton)[:2] == (1, {"apps"})


def _with_type_only_imports(text: str) -> str:
    changed = text.replace("exclude_type_checking_imports = true", "exclude_type_checking_imports = false")
    assert changed != text
    return changed
