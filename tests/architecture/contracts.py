"""The import contract that import-linter lacks: what of an app other apps may import, and how."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grimp import ImportGraph


class PublicModulesContract(Contract):
    """Across apps only the public modules are imported, and as modules: `from stores import queries as stores_queries`.

    Names imported one by one (`from stores.queries import get_brand`) hide at the call whose rule is being used.
    Routes (`api`, `urls`) are for the packages that compose the site.
    """

    type_name = "public_modules"

    # A field becomes, in an instance, what it has parsed.
    apps: Any = fields.ListField(subfield=fields.StringField())
    public: Any = fields.SetField(subfield=fields.StringField())
    routes: Any = fields.SetField(subfield=fields.StringField())
    composers: Any = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every import that crosses from one app into another."""
        problems = sorted(set(self._problems(graph)))
        return ContractCheck(kept=not problems, metadata={"problems": problems})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line an import."""
        for problem in check.metadata["problems"]:
            output.print_error(problem)

    def _problems(self, graph: ImportGraph) -> Iterator[str]:
        for importer, imported in _direct_imports(graph):
            app = self._app_of(imported)
            if app is None or app == self._app_of(importer):
                continue
            for details in graph.get_import_details(importer=importer, imported=imported):
                problem = self._problem(app, importer, imported, details["line_contents"])
                if problem:
                    yield f"{importer}:{details['line_number']}: {problem}"

    def _problem(self, app: str, importer: str, imported: str, line: str) -> str | None:
        module = imported.removeprefix(app).lstrip(".")
        if module in self.routes:
            is_composer = any(importer == name or importer.startswith(f"{name}.") for name in self.composers)
            return None if is_composer else f"{imported} is a route, imported only by the site"
        if module not in self.public:
            return f"{imported} is private to {app}"
        if re.match(rf"from\s+{re.escape(imported)}\s+import\b", line.strip()):
            return f"import {imported} as a module: from {app} import {module} as …"
        return None

    def _app_of(self, module: str) -> str | None:
        return next((app for app in self.apps if module == app or module.startswith(f"{app}.")), None)


def _direct_imports(graph: ImportGraph) -> Iterator[tuple[str, str]]:
    for importer in sorted(graph.modules):
        for imported in graph.find_modules_directly_imported_by(importer):
            yield importer, imported
