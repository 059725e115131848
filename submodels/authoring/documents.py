"""The parts that all AAS documents are made of, and the form in which they are written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from submodels.authoring.declaration import REVISION, VERSION, Text
from submodels.authoring.values import Reference, external

Json: TypeAlias = dict[str, Any]

_ONE_LINE: Final = 150
_INDENT: Final = 2


def reference(target: Reference | str) -> Json:
    """Return a reference; a text is an identifier outside of all shells."""
    keys = external(target).keys if isinstance(target, str) else target.keys
    kind = "ExternalReference" if keys[0][0] == "GlobalReference" else "ModelReference"
    return {"type": kind, "keys": [{"type": key, "value": value} for key, value in keys]}


def lang_strings(text: Text | Mapping[str, str]) -> list[Json]:
    """Return a text, or texts by language, as langStrings."""
    by_language = {"en": text.en, "de": text.de} if isinstance(text, Text) else text
    return [{"language": language, "text": words} for language, words in by_language.items()]


def administration(template_id: str | None = None) -> Json:
    """Return the administration of a document in its first version."""
    told: Json = {"version": VERSION, "revision": REVISION}
    return told if template_id is None else told | {"templateId": template_id}


def to_text(document: Json) -> str:
    """Return a document as JSON that has each short value, such as a reference, on one line."""
    return _to_text(document, 0) + "\n"


def _to_text(value: Any, indent: int) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(line) <= _ONE_LINE:
        return line
    inner = indent + _INDENT
    if isinstance(value, dict):
        ends = "{}"
        parts = [f"{json.dumps(key)}: {_to_text(item, inner)}" for key, item in value.items()]
    else:
        ends = "[]"
        parts = [_to_text(item, inner) for item in value]
    lines = ",\n".join(" " * inner + part for part in parts)
    return f"{ends[0]}\n{lines}\n{' ' * indent}{ends[1]}"
