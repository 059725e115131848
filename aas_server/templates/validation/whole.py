"""Whole files judged: every submodel by its own template, with what else is in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote

from aas_server.errors import Finding, NotFound
from aas_server.metamodel.lift import lifted
from aas_server.metamodel.structure import structure_issues
from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node, child, walk
from aas_server.metamodel.verification import verify
from aas_server.packages.contents import Contents
from aas_server.packages.parts import part_name
from aas_server.store.protocol import Kind
from aas_server.templates.catalog import Match, TemplateCatalog
from aas_server.templates.prototype import Template
from aas_server.templates.validation.judge import Judge
from aas_server.templates.validation.report import Level, Mode, Verdict, Violation

_MAX_ISSUES: Final = 100


class Validator:
    """Judges submodels by the templates of ``catalog``; keeps what it learned of each template."""

    def __init__(self, catalog: TemplateCatalog, *, mode: Mode = Mode.STRICT) -> None:
        self._catalog = catalog
        self._mode = mode
        self._judges: dict[int, tuple[Template, Judge]] = {}

    def submodel(
        self,
        submodel: Any,
        *,
        template: Template | None = None,
        concept_descriptions: Mapping[str, Node] | None = None,
    ) -> Verdict:
        """Return what is said of ``submodel`` by ``template``, else by the one that it names."""
        name = str(submodel.get("id", "")) if isinstance(submodel, dict) else ""
        issues = list(islice(structure_issues(submodel, "Submodel", "submodel"), _MAX_ISSUES))
        if issues:
            violations = [_structure(each) for each in issues]
            return Verdict(name, None, violations)
        newer, lifts = lifted(submodel)
        match = self._catalog.find(newer) if template is None else Match(template, "request")
        findings = [*lifts, *verify(newer)]
        if match is None:
            return Verdict(name, None, [_no_template(newer)], findings)
        violations = self._judge(match.template).judge(
            newer, mode=self._mode, concept_descriptions=concept_descriptions
        )
        if match.warning:
            violations.insert(0, Violation("template", Level.WARNING, "", match.warning))
        return Verdict(name, match, violations, findings)

    def by_template(self, submodel: Node) -> Verdict:
        """Return what its own template has against ``submodel``, which is one by the metamodel."""
        match = self._catalog.find(submodel)
        violations = (
            [] if match is None else self._judge(match.template).judge(submodel, mode=self._mode)
        )
        return Verdict(submodel["id"], match, violations)

    def contents(self, contents: Contents, *, template: Template | None = None) -> list[Verdict]:
        """Return what is said of every submodel of a file, its files and references included."""
        concepts = _by_id(contents.documents[Kind.CONCEPT_DESCRIPTION])
        submodels: list[Any] = contents.documents[Kind.SUBMODEL]
        by_id = _by_id(submodels)
        verdicts = []
        for each in submodels:
            verdict = self.submodel(each, template=template, concept_descriptions=concepts)
            if verdict.match is not None:
                doubt = Level.ERROR if self._mode is Mode.STRICT else Level.WARNING
                verdict.violations += _missing_files(each, contents, doubt)
                verdict.violations += _dangling(each, by_id, doubt)
            verdicts.append(verdict)
        verdicts += _missing_submodels(contents, by_id)
        return verdicts

    def _judge(self, template: Template) -> Judge:
        known = self._judges.get(id(template))
        if known is None:
            known = self._judges[id(template)] = template, Judge(template, self._catalog)
        return known[1]


def _by_id(documents: Iterable[Any]) -> dict[str, Node]:
    """Return documents by their ids; what stands in an environment need not be one."""
    return {
        each["id"]: each
        for each in documents
        if isinstance(each, dict) and isinstance(each.get("id"), str)
    }


def judged(verdicts: Iterable[Verdict]) -> tuple[int, int]:
    """Return how many submodels were judged, and how many there are."""
    listed = list(verdicts)
    return sum(each.is_judged for each in listed), len(listed)


def _structure(issue: str) -> Violation:
    path, _, text = issue.partition(": ")
    return Violation(
        "structure",
        Level.ERROR,
        path.removeprefix("submodel").lstrip("."),
        text or issue,
        remedy="mend the document: it is none of the metamodel",
    )


def _no_template(submodel: Node) -> Violation:
    semantic_id = submodel.get("semanticId")
    found = "none" if semantic_id is None else str(semantic_id.get("keys"))
    return Violation(
        "template",
        Level.INFO,
        "",
        "no template is known for it, so it is not judged",
        "a semanticId or templateId of a known template",
        found,
        remedy="name the template, or a folder with it",
    )


def _missing_files(submodel: Node, contents: Contents, level: Level) -> Iterator[Violation]:
    if not contents.files and not contents.is_package:
        return
    for path, element in walk(submodel):
        value = element.get("value")
        if element.get("modelType") != "File" or not isinstance(value, str) or not value:
            continue
        if "://" in value and not value.startswith("file:"):
            continue
        if part_name(value) not in contents.files:
            yield Violation(
                "file",
                level,
                _text(path),
                "names a file that is not in the package",
                unquote(part_name(value)),
                "no such part",
                remedy="add the file, or leave the value out",
            )


def _dangling(submodel: Node, known: Mapping[str, Node], level: Level) -> Iterator[Violation]:
    """Yield references into submodels of the same file that lead to no element."""
    for path, element in walk(submodel):
        for name in ("value", "first", "second"):
            reference = element.get(name)
            if not isinstance(reference, dict) or reference.get("type") != "ModelReference":
                continue
            keys = reference.get("keys") or [{}]
            target = known.get(str(keys[0].get("value")))
            if keys[0].get("type") != "Submodel" or target is None:
                continue
            broken = _unreachable(target, keys[1:])
            if broken is not None:
                yield Violation(
                    "reference",
                    level,
                    _text(path),
                    f"refers to an element that {keys[0]['value']} does not have",
                    broken,
                    "no such element",
                    remedy="refer to an element that is there",
                )


def _unreachable(submodel: Node, keys: list[Node]) -> str | None:
    node = submodel
    for key in keys:
        value = str(key.get("value"))
        if (
            key.get("type") == "FragmentReference"
            or node.get("modelType") not in CHILDREN_ATTRIBUTE
        ):
            return None
        try:
            found = child(node, int(value) if value.isdecimal() else value)
        except (NotFound, ValueError):
            found = None
        if found is None:
            return value
        node = found
    return None


def _missing_submodels(contents: Contents, known: Mapping[str, Node]) -> Iterator[Verdict]:
    """Yield a verdict for each submodel that a shell refers to and the file does not hold."""
    shells: list[Any] = contents.documents[Kind.SHELL]
    for shell in shells:
        for name in _submodels_of(shell):
            if name not in known:
                text = f"the shell {shell.get('id')!r} refers to it, and it is not in the file"
                yield Verdict(name, None, [Violation("template", Level.INFO, "", text)])


def _submodels_of(shell: Any) -> Iterator[str]:
    """Yield the ids that a shell refers to; what stands in an environment need not be one."""
    references = shell.get("submodels") if isinstance(shell, dict) else None
    for reference in references if isinstance(references, list) else ():
        keys = reference.get("keys") if isinstance(reference, dict) else None
        key = keys[-1] if isinstance(keys, list) and keys else None
        name = key.get("value") if isinstance(key, dict) else None
        if isinstance(name, str):
            yield name


def _text(path: Iterable[str | int]) -> str:
    text = ""
    for segment in path:
        text += f"[{segment}]" if isinstance(segment, int) else f".{segment}" if text else segment
    return text


def metamodel_errors(verdicts: Iterable[Verdict]) -> list[Finding]:
    """Return what aas-core has against the submodels, apart from their templates."""
    return [each for verdict in verdicts for each in verdict.metamodel if each.is_error]
