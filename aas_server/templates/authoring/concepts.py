"""Concept descriptions with IEC 61360 content, for the concepts that are a template's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from aas_server.metamodel.tree import Node
from aas_server.templates.authoring.resolving import Element, SourceProblems
from aas_server.templates.authoring.source import TemplateSource, Texts
from aas_server.yaml_files.problems import Problem

_IEC_61360: Final = "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3"
_INTEGERS: Final = (
    *("integer", "long", "int", "short", "byte", "unsignedLong", "unsignedInt", "unsignedShort"),
    *("unsignedByte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger"),
    "negativeInteger",
)
_DATA_TYPES: Final = {
    **{f"xs:{name}": "INTEGER_COUNT" for name in _INTEGERS},
    **{f"xs:{name}": "REAL_COUNT" for name in ("double", "float", "decimal")},
    "xs:boolean": "BOOLEAN",
    "xs:date": "DATE",
    "xs:time": "TIME",
    "xs:dateTime": "TIMESTAMP",
    "xs:anyURI": "IRI",
    "xs:base64Binary": "BLOB",
    "xs:hexBinary": "BLOB",
}
_BY_CLASS: Final = {
    "MultiLanguageProperty": "STRING_TRANSLATABLE",
    "ReferenceElement": "IRI",
    "File": "FILE",
    "Blob": "BLOB",
}
_PLACES: Final = re.compile(r"\{(?:name|path)\}")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+")


class Concepts:
    """The ids of a template's concepts, and which of them are its own."""

    def __init__(self, source: TemplateSource) -> None:
        self._source = source
        self._scheme = source.concepts or f"{source.id.rstrip('/')}/{{path}}"
        self._own = _PLACES.split(self._scheme)[0]

    def id_of(self, element: Element) -> str:
        """Return the semanticId of an element: the one it has, else one by the scheme."""
        if element.source.id is not None:
            return element.source.id
        return self._scheme.replace("{name}", element.name).replace(
            "{path}", "/".join(element.path)
        )

    def is_own(self, identifier: str) -> bool:
        """Return whether a concept is described by the template that has it."""
        return identifier.startswith(self._own)

    def descriptions(self, elements: Iterable[Element]) -> list[Node]:
        """Return the descriptions of the template's own concepts, its own first, each once.

        Raises ``SourceProblems`` for a concept without a definition, and when one made by the
        scheme stands for two different ones.
        """
        source = self._source
        found: dict[str, Node] = {}
        problems: list[Problem] = []
        if self.is_own(source.id) or source.text is not None:
            place: tuple[str | int, ...] = ("template",)
            problems += _undefined(source.text, source.template, place)
            content = _content(_named(source.name, source.template), source.text or {}, None, {})
            found[source.id] = _description(source, source.id, source.template, content)
        for element in elements:
            for each in element.walk():
                identifier = self.id_of(each)
                if each.repeats or not self.is_own(identifier):
                    continue
                told = self._described(each, identifier)
                if identifier not in found:
                    problems += _undefined(each.source.text, each.name, each.place)
                    found[identifier] = told
                elif each.source.id is None and found[identifier] != told:
                    text = f"{identifier} stands for two different concepts"
                    problems.append((each.place, text))
        if problems:
            raise SourceProblems(problems)
        return list(found.values())

    def _described(self, element: Element, identifier: str) -> Node:
        source = element.source
        unit: dict[str, Any] = {}
        if source.unit is not None:
            unit["unit"] = source.unit.ucum
            if source.unit.id is not None:
                unit["unitId"] = reference(source.unit.id)
        data_type = _data_type(element)
        content = _content(_named(source.name, element.name), source.text or {}, data_type, unit)
        return _description(self._source, identifier, element.name, content)


def reference(identifier: str) -> Node:
    """Return a reference to something outside of all shells."""
    return {
        "type": "ExternalReference",
        "keys": [{"type": "GlobalReference", "value": identifier}],
    }


def lang_strings(texts: Texts) -> list[Node]:
    """Return texts by language as langStrings."""
    return [{"language": language, "text": text} for language, text in texts.items()]


def spoken(name: str) -> str:
    """Return what an idShort says in words: ``OperatingHours`` is ``Operating hours``."""
    words = [word for word in _HUMP.split(name) if word]
    rest = [word if word.isupper() and len(word) > 1 else word.lower() for word in words[1:]]
    return " ".join([words[0][:1].upper() + words[0][1:], *rest]) if words else name


def _named(name: Texts | None, id_short: str) -> Texts:
    """Return the preferred name, which there must be in English (AASc-3a-002)."""
    return name if name is not None and "en" in name else {"en": spoken(id_short), **(name or {})}


def _undefined(text: Texts | None, name: str, place: tuple[str | int, ...]) -> list[Problem]:
    if text is not None and "en" in text:
        return []
    words = f"{name}: a concept of your own needs a definition, text: {{en: ...}} (AASc-3a-008)"
    return [(place, words)]


def _data_type(element: Element) -> str | None:
    if not element.value_type:
        return _BY_CLASS.get(element.model_type)
    data_type = _DATA_TYPES.get(element.value_type, "STRING")
    # AASc-3a-009: a measure is what has a unit.
    has_unit = element.source.unit is not None
    return data_type.replace("COUNT", "MEASURE") if has_unit else data_type


def _content(name: Texts, text: Texts, data_type: str | None, unit: dict[str, Any]) -> Node:
    content: Node = {
        "modelType": "DataSpecificationIec61360",
        "preferredName": lang_strings(name),
        **unit,
    }
    if data_type is not None:
        content["dataType"] = data_type
    return content | {"definition": lang_strings(text)}


def _description(source: TemplateSource, identifier: str, name: str, content: Node) -> Node:
    version, _, revision = source.version.partition(".")
    return {
        "modelType": "ConceptDescription",
        "id": identifier,
        "idShort": name,
        "administration": {"version": version, "revision": revision},
        "embeddedDataSpecifications": [
            {"dataSpecification": reference(_IEC_61360), "dataSpecificationContent": content}
        ],
    }
