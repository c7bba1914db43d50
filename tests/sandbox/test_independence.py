import ast
import sys
from pathlib import Path

ALLOWED = {"cryptography", "requests", "standardwebhooks"}


def imported(path: Path) -> set[str]:
    """Return the modules a file imports."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
    return modules


def strangers(folder: Path) -> set[str]:
    """Return what is imported beside the standard library, the three libraries and the sandbox itself."""
    return {
        module
        for path in folder.rglob("*.py")
        for module in imported(path)
        if not module.startswith("omni.sandbox") and module.partition(".")[0] not in sys.stdlib_module_names | ALLOWED
    }


def test_sandbox_shares_no_code_with_the_product(repository: Path) -> None:
    assert strangers(repository / "omni" / "sandbox") == set()


def test_check_of_independence_sees_a_violation(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text(
        "from omni.kernel import money\nimport django\nimport json\n", encoding="utf-8"
    )

    assert strangers(tmp_path) == {"omni.kernel", "django"}


def test_product_does_not_import_the_sandbox(repository: Path) -> None:
    apps = ("omni", "stores", "inventory", "orders", "members", "fulfillment", "settlement")
    importers = {
        path
        for app in apps
        for path in (repository / app).rglob("*.py")
        if (repository / "omni" / "sandbox") not in path.parents
        and any(module.startswith("omni.sandbox") for module in imported(path))
    }

    assert importers == set()
