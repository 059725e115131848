"""Linting: everything that an author should know about a template before others use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from aas_server.errors import Finding
from aas_server.metamodel.tree import Node
from aas_server.metamodel.verification import verify
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.linting.concepts import concept_findings
from aas_server.templates.linting.dropins import drop_in_findings
from aas_server.templates.linting.findings import LintFinding, found, metamodel_finding
from aas_server.templates.linting.identifiers import dictionary_findings, identifier_findings
from aas_server.templates.linting.levels import level_findings
from aas_server.templates.linting.qualifiers import qualifier_findings, repeated_qualifiers
from aas_server.templates.linting.values import value_findings
from aas_server.templates.prototype import Prototype, Template
from aas_server.templates.reading import TEMPLATE

_TOLD_HERE: Final = frozenset({"AASd-002", "AASd-021", "AASd-022", "AASd-119", "AASd-129"})
"""Constraints that have codes of their own here; 119 and 129 follow from a wrong kind."""
_SEGMENT: Final = re.compile(r"\.?(\w+)(?:\[(\d+)\])?")


def lint(template: Template, catalog: TemplateCatalog | None = None) -> list[LintFinding]:
    """Return what is wrong or doubtful about a template, and what is good to know.

    The document is judged as it was written, before it was mended. Who defines drop-ins is looked
    up in ``catalog``; without one that is not judged. Never raises.
    """
    judged = template
    if template.written is not None:
        judged = Template(template.written, template.source, template.concept_descriptions)
    return [
        *_submodel(judged),
        *_level(judged.children, None),
        *drop_in_findings(judged, catalog),
        *dictionary_findings(judged),
        *concept_findings(judged),
        *_metamodel(judged.node),
    ]


def _submodel(template: Template) -> Iterator[LintFinding]:
    node = template.node
    if node.get("kind") != TEMPLATE:
        yield found("kind", "", f"the kind is {node.get('kind') or 'Instance, as none is given'}")
    administration = template.administration
    missing = [name for name in ("version", "revision") if not administration.get(name)]
    if missing:
        yield found("no-version", "", f"there is no {' and no '.join(missing)}")
    if not administration.get("templateId"):
        yield found("no-template-id", "", "there is no templateId")
    yield from repeated_qualifiers(node, "")
    yield from identifier_findings(node, "")


def _level(prototypes: tuple[Prototype, ...], parent: Prototype | None) -> Iterator[LintFinding]:
    yield from level_findings(prototypes)
    is_meant = parent is not None and bool(parent.node.get("semanticIdListElement"))
    for prototype in prototypes:
        yield from identifier_findings(
            prototype.node, prototype.path, needs_id=not (prototype.in_list and is_meant)
        )
        yield from qualifier_findings(prototype)
        yield from value_findings(prototype)
        yield from _level(prototype.children, prototype)


def _metamodel(node: Node) -> Iterator[LintFinding]:
    for finding in verify(node):
        if finding.code not in _TOLD_HERE:
            yield _of_metamodel(node, finding)


def _of_metamodel(node: Node, finding: Finding) -> LintFinding:
    path, rest = _place(node, finding.path)
    text = f"{rest}: {finding.text}" if rest else finding.text
    return metamodel_finding(finding.code, path, text, finding.hint, is_error=finding.is_error)


def _place(node: Node, json_path: str) -> tuple[str, str]:
    """Return the idShortPath of the innermost element that a JSON path leads through, and the rest
    of the JSON path.
    """
    path, end, here = "", 0, node
    for segment in _SEGMENT.finditer(json_path):
        name, index = segment[1], segment[2]
        below: Any = here.get(name)
        if index is not None and isinstance(below, list) and int(index) < len(below):
            in_list = here.get("modelType") == "SubmodelElementList"
            below = below[int(index)]
            if isinstance(below, dict) and "modelType" in below:
                step = f"[{index}]" if in_list else str(below.get("idShort", "?"))
                path = f"{path}{step}" if in_list or not path else f"{path}.{step}"
                end = segment.end()
        if not isinstance(below, dict):
            break
        here = below
    return path, json_path[end:].lstrip(".")
