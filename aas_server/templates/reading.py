"""Reading templates from files and environments, mended where published ones need it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from aas_server.errors import BadRequest, Finding
from aas_server.metamodel.lift import lifted
from aas_server.metamodel.structure import structure_issues
from aas_server.metamodel.tree import Node
from aas_server.packages.contents import Contents
from aas_server.packages.reader import read_package
from aas_server.store.protocol import Kind
from aas_server.templates.prototype import Template

TEMPLATE: Final = "Template"
"""The kind of submodels that are templates."""

_SHOWN: Final = 5
_LANGUAGE_LISTS: Final = ("description", "displayName", "value", "preferredName", "definition")


def read_templates(file: Path) -> tuple[list[Template], list[Finding]]:
    """Return the templates in a package or environment, JSON or XML, and what was odd about it.

    Where no submodel is of the kind Template, all of them count: some templates call themselves
    instances. Raises ``BadRequest`` for what cannot be read, for a submodel without the shape of
    one, and when there is no submodel at all.
    """
    try:
        with read_package(file) as contents:
            templates = list(templates_of(contents, source=str(file)))
            findings = list(contents.findings)
    except OSError as error:
        raise BadRequest(f"cannot read it: {error.strerror}", path=str(file)) from error
    except BadRequest as error:
        part = f"{error.path} " if error.path and error.path.startswith("/") else ""
        raise BadRequest(f"{part}{error.text}", path=str(file)) from error
    if not templates:
        raise BadRequest("holds no submodel, so no template", path=str(file))
    return templates, findings


def templates_of(contents: Contents, *, source: str) -> Iterator[Template]:
    """Yield the templates of ``contents``; raises ``BadRequest`` as above."""
    concepts: dict[str, Node] = {}
    for concept in contents.documents[Kind.CONCEPT_DESCRIPTION]:
        found: Any = concept  # what stands in an environment need not be an object
        if isinstance(found, dict) and isinstance(found.get("id"), str):
            concepts.setdefault(found["id"].strip(), lifted(found)[0])
    submodels: list[Any] = contents.documents[Kind.SUBMODEL]
    marked = [each for each in submodels if isinstance(each, dict) and each.get("kind") == TEMPLATE]
    for submodel in marked or submodels:
        yield template_of(submodel, concepts, source=source)


def template_of(submodel: Any, concepts: dict[str, Node], *, source: str) -> Template:
    """Return ``submodel`` as a template; raises ``BadRequest`` when it is not shaped as one."""
    newer = lifted(submodel)[0] if isinstance(submodel, dict) else submodel
    issues = list(islice(structure_issues(newer, "Submodel", "submodel"), _SHOWN))
    if issues:
        raise BadRequest(f"is no submodel: {'; '.join(issues)}", path=source)
    node = mended(newer)
    return Template(node, source, concepts, written=newer)


def mended(value: Any, name: str = "") -> Any:
    """Return ``value`` as it must be meant: ids without blanks around them, each language once, no
    empty lists.
    """
    if isinstance(value, dict):
        members = ((key, mended(member, key)) for key, member in value.items())
        found = {key: member for key, member in members if member not in ([], {})}
        if found.keys() == {"type", "value"} and isinstance(found["value"], str):
            found["value"] = found["value"].strip()
        return found
    if isinstance(value, list):
        items = [mended(item) for item in value]
        return _each_language_once(items) if name in _LANGUAGE_LISTS else items
    return value


def _each_language_once(items: Iterable[Any]) -> list[Any]:
    seen: set[str] = set()
    kept = []
    for item in items:
        if isinstance(item, dict) and item.keys() == {"language", "text"}:
            language = str(item["language"])
            if language in seen:
                continue
            seen.add(language)
        kept.append(item)
    return kept
