"""What the concept descriptions of a template say: names, definitions, units (IEC 61360)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aas_server.metamodel.references import key_values, semantic_keys
from aas_server.metamodel.tree import Node
from aas_server.templates.prototype import Template
from aas_server.templates.semantics import canonical


def text_in(texts: Any, language: str, *, only: bool = False) -> str:
    """Return the text in a language or a regional form of it; else, unless ``only`` that will do,
    the English one, else the first. Takes any JSON; ``""`` for nothing.
    """
    known = {
        str(each.get("language", "")).casefold(): str(each.get("text", ""))
        for each in (texts if isinstance(texts, list) else ())
        if isinstance(each, dict)
    }
    for wanted in (language,) if only else (language, "en", ""):
        for tag, text in known.items():
            is_wanted = tag == wanted.casefold() or tag.startswith(f"{wanted.casefold()}-")
            if text.strip() and (is_wanted or not wanted):
                return text.strip()
    return ""


@dataclass(frozen=True)
class Concept:
    """A concept description, read for people."""

    node: Node

    @property
    def id(self) -> str:
        """The id as the file has it."""
        return str(self.node.get("id", ""))

    @cached_property
    def content(self) -> Node:
        """The IEC 61360 content, empty without any."""
        specifications: Any = self.node.get("embeddedDataSpecifications")
        for each in specifications if isinstance(specifications, list) else ():
            content = each.get("dataSpecificationContent") if isinstance(each, dict) else None
            if isinstance(content, dict):
                return content
        return {}

    @property
    def data_type(self) -> str:
        """The data type of IEC 61360, ``""`` without any."""
        return str(self.content.get("dataType") or "")

    @property
    def unit(self) -> str:
        """The unit as a text, ``""`` without any."""
        return str(self.content.get("unit") or "").strip()

    @property
    def unit_id(self) -> str:
        """The identifier of the unit, ``""`` without any."""
        found: Any = self.content.get("unitId")
        return "/".join(key_values(found)) if isinstance(found, dict) else ""

    @property
    def value_list(self) -> list[str]:
        """The values that the concept lists."""
        found: Any = self.content.get("valueList")
        pairs = found.get("valueReferencePairs") if isinstance(found, dict) else None
        return [
            str(each["value"])
            for each in pairs or ()
            if isinstance(each, dict) and isinstance(each.get("value"), str)
        ]

    def name(self, language: str, *, only: bool = False) -> str:
        """Return the preferred name in a language, as ``text_in`` does."""
        return text_in(self.content.get("preferredName"), language, only=only)

    def definition(self, language: str) -> str:
        """Return the definition in a language, as ``text_in`` does."""
        return text_in(self.content.get("definition"), language)


class Concepts:
    """The concepts of a template, found by what its elements mean."""

    def __init__(self, template: Template) -> None:
        self._known = concepts_by_id(template)

    def of(self, node: Node) -> Concept | None:
        """Return the concept of an element: that of its semanticId, else of a supplemental one."""
        for keys in semantic_keys(node):
            for identifier in _spellings(keys):
                if identifier in self._known:
                    return self._known[identifier]
        return None


def concepts_by_id(template: Template) -> dict[str, Concept]:
    """Return the concept descriptions by their canonical ids."""
    return {canonical(each): Concept(node) for each, node in template.concept_descriptions.items()}


def _spellings(keys: Iterable[str]) -> list[str]:
    parts = [canonical(key) for key in keys]
    return ["/".join(parts), *reversed(parts)]
