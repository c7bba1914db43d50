"""Reading the product's own source as syntax trees."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("omni", "stores", "inventory", "members", "fulfillment", "orders", "settlement", "bin", "tests")


@dataclass(frozen=True)
class Source:
    """A Python file, by its path below the root of the checkout."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """Return the file's syntax tree."""
        return ast.parse(self.text)

    @property
    def length(self) -> int:
        """Return the number of lines."""
        return len(self.text.splitlines())


def own_sources(root: Path, *packages: str) -> Iterator[Source]:
    """Yield the files of the packages (none named: all of them), without migrations, which are generated."""
    for package in packages or PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).parts
            if "migrations" not in parts:
                yield Source("/".join(parts), path.read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function from its `def` to its end, its docstring not counted."""
    first = node.body[0]
    is_documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if is_documented else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring
