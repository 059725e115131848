"""Verification: what the metamodel 3.1 says against a decoded document, as findings with JSON
paths.

aas-core does the work on a screened document. IDTA-01001, constraints AASd and AASc-3a; not checked
are those that need other documents or a meaning (AASd-006, 007, 012, AASc-3a-003).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from aas_core3_1 import jsonization, stringification, verification

from aas_server.errors import Finding
from aas_server.metamodel.familiar import is_familiar
from aas_server.metamodel.naming import namesakes_at, unnamed_children
from aas_server.metamodel.readers import (
    ELEMENT_READERS,
    IDENTIFIABLE_READERS,
    READERS,
    Reader,
)
from aas_server.metamodel.rewriting import JsonPath, json_path
from aas_server.metamodel.screening import CHARACTERS_TEXT, MAX_CHECKED_TEXT, METAMODEL, Screening
from aas_server.metamodel.structure import (
    DATA_ELEMENT_TYPES,
    ELEMENT_TYPES,
    MAX_NESTING,
    STRUCTURE,
    nesting,
)
from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node

__all__ = ["MAX_FINDINGS", "STRUCTURE", "is_lexical", "verify", "verify_part"]

MAX_FINDINGS: Final = 100
"""Findings of one document at most; another one then says that there are more."""

_CONSTRAINT: Final = re.compile(r"AAS[dc]-(?:3a-)?[0-9]{3}")
_PREFIX: Final = re.compile(r"^Constraint AAS[dc]-(?:3a-)?[0-9]{3}: ")
_PYTHON_TYPE: Final = re.compile(r"<class '([a-z]+)'>", re.IGNORECASE)
_CAMEL: Final = re.compile(r"_([a-z0-9])")
_ID_SHORT_RULE: Final = "ID-short of Referables shall only feature"
_ID_SHORT_TEXT: Final = (
    "an idShort has two characters at least, all of them letters, digits, - or _, begins with a "
    "letter and does not end with -"
)
_CHARACTERS_RULE: Final = "Constraint AASd-130"
_NAMED_RULE: Final = "ID-shorts need to be defined for all"
_UNIQUE_RULES: Final = ("Constraint AASd-022", "ID-shorts of the value must be unique")
_VALUE_RULE: Final = re.compile(r"(Value|Min|Max) must be consistent with the value type")
_MAX_TEXT: Final = 300


def verify(tree: Any) -> list[Finding]:
    """Return what is wrong with an identifiable or a submodel element; nothing when it is valid.

    The ``modelType`` says which it is. An idShort of one letter, valid in metamodel 3.0, is a
    warning. At most ``MAX_FINDINGS`` are returned, and one that says that there are more. Never
    raises, whatever JSON ``tree`` is, and takes time in proportion to its size.
    """
    model_type = tree.get("modelType") if isinstance(tree, dict) else None
    if not isinstance(model_type, str) or not (
        model_type in IDENTIFIABLE_READERS or model_type in ELEMENT_READERS
    ):
        return [Finding(STRUCTURE, "modelType", "must name an identifiable or a submodel element")]
    return verify_part(tree, model_type)


def verify_part(tree: Any, model_type: str) -> list[Finding]:
    """Return what is wrong with ``tree`` as a ``model_type``, as ``verify`` does: also a Reference,
    AssetInformation, SpecificAssetId and other parts of documents.
    """
    if not isinstance(tree, dict):
        return [Finding(STRUCTURE, "", "must be an object")]
    if nesting(tree) - (model_type in IDENTIFIABLE_READERS) > MAX_NESTING:
        text = f"elements are nested more than {MAX_NESTING} levels deep"
        return [Finding(STRUCTURE, "", text)]
    try:
        screening = Screening(tree, model_type, limit=MAX_FINDINGS)
        if screening.plain is not None and is_familiar(tree, model_type, screening.plain):
            return []
        findings = list(islice(_findings(screening, READERS[model_type]), MAX_FINDINGS + 1))
    except RecursionError:
        return [Finding(STRUCTURE, "", "is nested too deep")]
    if len(findings) > MAX_FINDINGS:
        findings[MAX_FINDINGS:] = [Finding(METAMODEL, "", "there is more wrong than shown here")]
    return findings


def is_lexical(value_type: str, text: str) -> bool:
    """Whether ``verify`` accepts ``text``, of at most 1,000 digits, as a ``value_type``."""
    known = stringification.data_type_def_xsd_from_str(value_type)
    return known is None or verification.value_consistent_with_xsd_type(
        text[:MAX_CHECKED_TEXT], known
    )


def _findings(screening: Screening, read: Reader) -> Iterator[Finding]:
    yield from screening.findings
    try:
        instance = read(screening.tree)
    except jsonization.DeserializationException as error:
        found = _structure_findings(screening.tree, read, [])
        yield next(found, _unreadable(error, []))
        yield from found
    else:
        for broken in verification.verify(instance):
            # aas-core says of children without a name, or with the same, only whose they are.
            if broken.cause.startswith(_NAMED_RULE):
                yield from unnamed_children(screening.tree, _path(broken))
            elif broken.cause.startswith(_UNIQUE_RULES):
                yield from namesakes_at(screening.tree, _path(broken))
            else:
                yield _finding(broken)


def _structure_findings(node: Node, read: Reader, path: JsonPath) -> Iterator[Finding]:
    """Yield what cannot be read of ``node`` and of each of its descendants; aas-core itself stops
    at the first such place.
    """
    model_type = node.get("modelType")
    attribute = CHILDREN_ATTRIBUTE.get(model_type) if isinstance(model_type, str) else None
    try:
        read({name: value for name, value in node.items() if name != attribute})
    except jsonization.DeserializationException as error:
        yield _unreadable(error, path)
    elements = node.get(attribute, []) if attribute else []
    if not isinstance(elements, list):
        yield Finding(STRUCTURE, json_path([*path, str(attribute)]), "must be an array")
        return
    allowed = DATA_ELEMENT_TYPES if attribute == "annotations" else ELEMENT_TYPES
    for index, element in enumerate(elements):
        here = [*path, str(attribute), index]
        element_type = element.get("modelType") if isinstance(element, dict) else None
        if isinstance(element_type, str) and element_type in allowed:
            yield from _structure_findings(element, ELEMENT_READERS[element_type], here)
        else:
            expected = "data" if allowed is DATA_ELEMENT_TYPES else "submodel"
            text = f"must be a {expected} element with its modelType"
            yield Finding(STRUCTURE, json_path(here), text)


def _unreadable(error: jsonization.DeserializationException, path: JsonPath) -> Finding:
    segments = [
        segment.index if isinstance(segment, jsonization.IndexSegment) else segment.name
        for segment in error.path.segments
    ]
    return Finding(STRUCTURE, json_path([*path, *segments]), _text(error.cause))


def _path(error: verification.Error) -> JsonPath:
    return [
        segment.index
        if isinstance(segment, verification.IndexSegment)
        else _CAMEL.sub(lambda found: found[1].upper(), segment.name)
        for segment in error.path.segments
    ]


def _finding(error: verification.Error) -> Finding:
    path = _path(error)
    if rule := _VALUE_RULE.match(error.cause):
        path.append(rule[1].lower())
    if error.cause.startswith(_ID_SHORT_RULE):
        return Finding("AASd-002", json_path(path), _ID_SHORT_TEXT, not _is_one_letter(error))
    if error.cause.startswith(_CHARACTERS_RULE):
        return Finding("AASd-130", json_path(path), CHARACTERS_TEXT)
    constraint = _CONSTRAINT.search(error.cause)
    code = constraint[0] if constraint else METAMODEL
    return Finding(code, json_path(path), _text(error.cause))


def _is_one_letter(error: verification.Error) -> bool:
    last = error.path.segments[-1] if error.path.segments else None
    if not isinstance(last, verification.PropertySegment):
        return False
    id_short = getattr(last.instance, last.name)
    return (
        isinstance(id_short, str)
        and len(id_short) == 1
        and id_short.isascii()
        and id_short.isalpha()
    )


def _text(cause: str) -> str:
    plain = _PYTHON_TYPE.sub(r"\1", _PREFIX.sub("", cause)).replace("``", "")
    return plain if len(plain) <= _MAX_TEXT else plain[:_MAX_TEXT] + "..."
