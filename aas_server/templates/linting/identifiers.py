"""Whether semantic ids are there, and spelt so that others find them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from aas_server.metamodel.references import semantic_references
from aas_server.metamodel.tree import Node
from aas_server.templates.linting.findings import LintFinding, found
from aas_server.templates.prototype import Prototype, Template
from aas_server.templates.semantics import GENERAL, canonical, primary_ids

_STRUCTURAL: Final = frozenset({"Submodel", "SubmodelElementCollection", "SubmodelElementList"})
_BLANK: Final = re.compile(r"\s")
_DOUBLED: Final = re.compile(r"[a-z]+https?://.*|[^?#]*://[^?#]*://.*", re.IGNORECASE)
_IRI: Final = re.compile(r"[a-z][a-z0-9+.-]*://([^/?#\s]+)[^\s<>\"{}|\\^`]*", re.IGNORECASE)
_URN: Final = re.compile(r"urn:[a-z0-9][a-z0-9-]{0,31}:[^\s<>\"{}|\\^`]+", re.IGNORECASE)
_CONCEPT: Final = (
    r"(?:0112[/-]2-?(?:---|///)[0-9A-Z_]+#[A-Z0-9]{3}\d{3}|0173-1(?:---[A-Z0-9_.-]+)?#\w{2}-[A-Z]{3}\d{3})"
    r"(?:#\d{1,3})?(?:[~*]\w+)?"
)
_IRDI: Final = re.compile(rf"{_CONCEPT}(?:/{_CONCEPT})*", re.IGNORECASE)
_IRDI_VERSION: Final = re.compile(r"#\d{1,3}(?:[~*]\w+)?$")
_IRI_VERSION: Final = re.compile(r"(?<=[/:#_-])v?\d+(?:[._-]\d+)*(?=[/:#]|$)", re.IGNORECASE)
_DICTIONARIES: Final = {"0173-1": "ECLASS", "0112/2": "IEC CDD"}
_LOCAL: Final = ("localhost",)


def identifier_findings(node: Node, path: str, *, needs_id: bool = True) -> Iterator[LintFinding]:
    """Yield what is wrong with the semantic ids of a submodel or an element."""
    if needs_id and not primary_ids(node):
        yield found("no-semantic-id", path, f"the {node.get('modelType')} has no semanticId")
    for value in dict.fromkeys(_values(node)):
        yield from _spelling(value, path)
    if node.get("modelType") in _STRUCTURAL:
        for identifier in sorted(primary_ids(node)):
            if not _has_version(identifier) and not identifier.startswith(GENERAL):
                yield found("unversioned-id", path, f"{identifier!r} has no version")


def _values(node: Node) -> Iterator[str]:
    """Yield the values of all keys as they were written, blanks included; takes any JSON."""
    for reference in semantic_references(node):
        keys = reference.get("keys") if isinstance(reference, dict) else None
        for key in keys if isinstance(keys, list) else ():
            value = key.get("value") if isinstance(key, dict) else None
            if isinstance(value, str) and value.strip():
                yield value


def dictionary_findings(template: Template) -> Iterator[LintFinding]:
    """Yield a finding when the concepts of the leaves are from several dictionaries."""
    counts = dict.fromkeys(_DICTIONARIES.values(), 0)
    for prototype in _leaves(template.walk()):
        for identifier in prototype.ids:
            name = _DICTIONARIES.get(identifier[:6])
            if name is not None:
                counts[name] += 1
    if all(counts.values()):
        told = ", ".join(f"{count} from {name}" for name, count in counts.items())
        yield found("several-dictionaries", "", f"semantic ids of elements: {told}")


def _leaves(prototypes: Iterable[Prototype]) -> Iterator[Prototype]:
    for prototype in prototypes:
        if prototype.model_type not in _STRUCTURAL:
            yield prototype


def _spelling(value: str, path: str) -> Iterator[LintFinding]:
    if _BLANK.search(value):
        yield found("blank-in-id", path, f"there is a blank in {value!r}")
    bare = _BLANK.sub("", value)
    if _DOUBLED.fullmatch(bare):
        yield found("doubled-scheme", path, f"{bare!r} begins twice")
        return
    match = _IRI.fullmatch(bare)
    if match is None:
        if not (_URN.fullmatch(bare) or _IRDI.fullmatch(bare)):
            yield found("odd-id", path, f"{bare!r} is neither an IRI nor an IRDI")
    elif "." not in match[1] and match[1].split(":")[0] not in _LOCAL:
        yield found("odd-host", path, f"the host of {bare!r} has no dot")


def _has_version(identifier: str) -> bool:
    text = canonical(identifier)
    if _IRDI.fullmatch(text):
        return _IRDI_VERSION.search(text) is not None
    return _IRI_VERSION.search(text.partition("://")[2] or text) is not None
