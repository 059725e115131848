"""Value types and texts: names of XSD types with their prefix, languages, contents of files."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from aas_core3_1 import verification

from aas_server.metamodel.tree import Node
from aas_server.metamodel.value_types import VALUE_TYPES
from aas_server.metamodel.verification import is_lexical
from aas_server.packages.v2.changes import Source, shown

_BY_NAME: Final = {name.removeprefix("xs:").lower(): name for name in VALUE_TYPES} | {
    "datetimestamp": "xs:dateTime",
    "daytimeduration": "xs:duration",
    "yearmonthduration": "xs:duration",
}
_STRING: Final = "xs:string"
_PREFIX: Final = re.compile(r"^(?:xsd?:|http://www\.w3\.org/2001/XMLSchema#)", re.IGNORECASE)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_UNDETERMINED: Final = "und"
_SAFE: Final = "%/:?#@!$&'()*+,;=-._~"
_BARE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_MAX_TEXT: Final = 1023
"""Characters of a text in a language, where nothing else is said."""


def value_type(source: Source) -> str:
    """Take the type of a value; what 3.1 does not have becomes the nearest type that it has."""
    value = source.take("valueType")
    while isinstance(value, dict):
        value = value.get("dataObjectType") or value.get("name")
    if not isinstance(value, str) or not value.strip():
        source.note("valueType", f"is not said: became {_STRING}")
        return _STRING
    name = _PREFIX.sub("", value.strip()).lower()
    known = _BY_NAME.get(name)
    if known is None or name not in known.lower():
        known = known or _STRING
        source.note("valueType", f"{shown(value)} is unknown to metamodel 3.1: became {known}")
    return known


def typed_values(source: Source, *names: str) -> Node:
    """Take the type and values of it; a value that is none of its type makes all of them texts."""
    kind = value_type(source)
    found: Node = {}
    for name in names:
        value = source.text(name)
        if value is not None:
            found[name] = _lexical(source, name, kind, value)
    wrong = next((name for name, value in found.items() if not is_lexical(kind, value)), None)
    if wrong is not None:
        source.note("valueType", f"became {_STRING}: {shown(found[wrong])} is no {kind}")
        kind = _STRING
    return {"valueType": kind, **found}


def lang_strings(source: Source, *names: str, limit: int = _MAX_TEXT) -> list[Node]:
    """Take texts in languages: one a language, none of them empty or longer than ``limit``."""
    value = source.take(*names)
    while isinstance(value, dict) and "text" not in value:
        value = value.get("langString") or value.get("langStrings")
    texts = {} if value is None else {names[0]: value}
    found: dict[str, Node] = {}
    for each in Source(texts, source.path, source.changes).objects(names[0]):
        text, named = each.text("text"), each.word("language", "lang")
        each.finish()
        if text is None or not text.strip():
            continue
        language, cut = _language(each, named), _cut(each, text, limit)
        first = found.setdefault(language, {"language": language, "text": cut})
        if first["text"] != cut:
            each.note("", f"is another text in {language} and was left out: {shown(text)}")
    return list(found.values())


def content_type(source: Source) -> str | None:
    """Take the content type of a file."""
    value = source.word("mimeType", "contentType")
    if value is None or verification.matches_mime_type(value):
        return value
    source.note("mimeType", f"{shown(value)} is no content type and was left out")
    return None


def file_path(source: Source) -> str | None:
    """Take the path or URL of a file, with everything escaped that a URI has no place for."""
    value = source.word("value")
    if value is None:
        return None
    path = quote(_BARE_PERCENT.sub("%25", value.replace("\\", "/")), safe=_SAFE)
    if path != value:
        source.note("value", f"{shown(value)} is no URI: became {shown(path)}")
    return path


def _lexical(source: Source, name: str, kind: str, value: str) -> str:
    """Return the text of a value as its type writes it, where that is only a matter of form."""
    form = value.strip() if kind != _STRING else value
    if kind == "xs:boolean":
        form = form.lower()
    if form == value or not is_lexical(kind, form) or is_lexical(kind, value):
        return value
    source.note(name, f"{shown(value)} became {shown(form)}")
    return form


def _language(source: Source, named: str | None) -> str:
    plain = (named or "").replace("_", "-").rstrip("?")
    language = plain if _LANGUAGE.fullmatch(plain) else _UNDETERMINED
    if language != named:
        source.note("language", f"{shown(named)} is no language tag: became {language}")
    return language


def _cut(source: Source, text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    source.note("text", f"has more than {limit} characters and was cut")
    return f"{text[: limit - 1]}…"
