"""Collections whose content another template defines: whether one does, and not each the other."""

from __future__ import annotations

from collections.abc import Iterator

from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.instantiation.dropins import definition
from aas_server.templates.linting.findings import LintFinding, found
from aas_server.templates.prototype import Prototype, Template


def drop_in_findings(template: Template, catalog: TemplateCatalog | None) -> Iterator[LintFinding]:
    """Yield what is wrong with the drop-ins; who defines them is looked up in ``catalog``."""
    for prototype in template.walk():
        if not prototype.is_drop_in:
            continue
        if prototype.children:
            yield found("drop-in-not-empty", prototype.path, "the drop-in has children")
        if catalog is None:
            continue
        definer = definition(prototype, catalog)
        if definer is None and not prototype.children:
            ids = ", ".join(sorted(prototype.ids)) or "nothing"
            yield found("unknown-drop-in", prototype.path, f"no template defines {ids}")
        elif definer is not None and _returns(definer, catalog, ()):
            text = f"what defines it, {definer.path}, leads back to itself"
            yield found("drop-in-cycle", prototype.path, text)


def _returns(definer: Prototype, catalog: TemplateCatalog, above: tuple[Prototype, ...]) -> bool:
    """Return whether what ``definer`` drops in leads to something above it, or to itself."""
    if definer in above:
        return True
    inner = [definition(each, catalog) for each in definer.walk() if each.is_drop_in]
    return any(each is not None and _returns(each, catalog, (*above, definer)) for each in inner)
