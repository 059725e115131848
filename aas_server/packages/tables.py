"""Submodels as tables for people: one row an element, as CSV or as a workbook.

Texts come from strangers, and spreadsheets take some for formulas: in CSV those are marked as text
with an apostrophe, in a workbook every text is a text.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import xlsxwriter  # type: ignore[import-untyped]

from aas_server.metamodel.id_short_path import format_id_short_path
from aas_server.metamodel.references import key_values
from aas_server.metamodel.tree import Node, walk

COLUMNS: Final = (
    "path",
    "idShort",
    "type",
    "value type",
    "value",
    "unit",
    "semantic id",
    "description",
)
FindConcept = Callable[[str], Node | None]
"""Gives the concept description with an id."""

_SIGNS: Final = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA: Final = re.compile(rf"\s*{_SIGNS}|[\t\r\n]")
_INNER_FORMULA: Final = re.compile(rf"([;\t\r\n][\s\"]*)(?={_SIGNS})")
"""What begins a cell where the separator is not the comma: that depends on the reader's country."""
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_BOM: Final = "\ufeff"
_MAX_CELL: Final = 32_767
"""Characters of a cell at most, in any spreadsheet."""
_EXACT_DIGITS: Final = 15
"""Digits of a number that a spreadsheet keeps."""
_NUMBERS: Final = frozenset(
    {
        "xs:byte",
        "xs:decimal",
        "xs:double",
        "xs:float",
        "xs:int",
        "xs:integer",
        "xs:long",
        "xs:negativeInteger",
        "xs:nonNegativeInteger",
        "xs:nonPositiveInteger",
        "xs:positiveInteger",
        "xs:short",
        "xs:unsignedByte",
        "xs:unsignedInt",
        "xs:unsignedLong",
        "xs:unsignedShort",
    }
)
_WIDTHS: Final = (48, 28, 24, 14, 40, 12, 48, 60)
_EPOCH: Final = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC).replace(tzinfo=None)


def no_concept(_identifier: str) -> Node | None:
    """Find nothing: for a submodel without a repository around it."""
    return None


def write_csv(
    submodel: Node, *, languages: Sequence[str] = ("en",), concept: FindConcept = no_concept
) -> bytes:
    """Return ``submodel`` as CSV (RFC 4180) in UTF-8 with a byte order mark, for spreadsheets.

    Texts of several languages are those of the first of ``languages`` that there is; units are
    those of the data specifications of elements, or of the concepts behind their semantic ids.
    """
    text = io.StringIO(newline="")
    text.write(_BOM)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in _rows(submodel, languages, concept):
        writer.writerow(map(_harmless, row))
    return text.getvalue().encode()


def write_xlsx(
    submodel: Node, *, languages: Sequence[str] = ("en",), concept: FindConcept = no_concept
) -> bytes:
    """Return ``submodel`` as a workbook (Office Open XML), the same bytes for the same content.

    Numbers that a spreadsheet keeps exactly are numbers, everything else is text.
    """
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": _EPOCH})
        sheet = book.add_worksheet("Submodel")
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)
        sheet.write_row(0, 0, COLUMNS, book.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        last = 0
        for last, row in enumerate(_rows(submodel, languages, concept), 1):
            for column, text in enumerate(row):
                if COLUMNS[column] == "value" and row[3] in _NUMBERS and _is_exact(text):
                    sheet.write_number(last, column, float(text))
                elif text:
                    sheet.write_string(last, column, _cut(text))
        sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
    return buffer.getvalue()


def _rows(
    submodel: Node, languages: Sequence[str], concept: FindConcept
) -> Iterator[tuple[str, ...]]:
    for path, element in walk(submodel):
        yield (
            format_id_short_path(path),
            _text(element.get("idShort")),
            _text(element.get("modelType")),
            _text(element.get("valueType") or element.get("valueTypeListElement")),
            _value(element, languages),
            _unit(element, concept),
            " / ".join(key_values(element.get("semanticId"))),
            _in_language(element.get("description"), languages),
        )


def _value(element: Node, languages: Sequence[str]) -> str:
    model_type = element.get("modelType")
    value = element.get("value")
    if model_type == "Range":
        return f"{_text(element.get('min'))} … {_text(element.get('max'))}"
    if model_type == "MultiLanguageProperty":
        return _in_language(value, languages)
    if model_type == "ReferenceElement":
        return _reference(value)
    if model_type in ("RelationshipElement", "AnnotatedRelationshipElement"):
        return f"{_reference(element.get('first'))} → {_reference(element.get('second'))}"
    if model_type == "Entity":
        return _text(element.get("globalAssetId"))
    if model_type == "BasicEventElement":
        return _reference(element.get("observed"))
    if model_type == "Blob":
        return f"{_text(element.get('contentType'))}, base64" if value else ""
    return _text(value)


def _unit(element: Node, concept: FindConcept) -> str:
    found = _own_unit(element)
    for identifier in key_values(element.get("semanticId"))[-1:]:
        found = found or _own_unit(concept(identifier) or {})
    return found


def _own_unit(node: Node) -> str:
    for embedded in node.get("embeddedDataSpecifications") or ():
        content = embedded.get("dataSpecificationContent")
        unit = content.get("unit") if isinstance(content, dict) else None
        if isinstance(unit, str) and unit:
            return unit
    return ""


def _in_language(texts: Any, languages: Sequence[str]) -> str:
    """Return the text in the language that is liked best, else in the first one."""
    if not isinstance(texts, list):
        return ""
    found = {_text(each.get("language")).lower(): _text(each.get("text")) for each in texts}
    for wanted in languages:
        for language, text in found.items():
            if language.split("-")[0] == wanted.lower() or language == wanted.lower():
                return text
    return next(iter(found.values()), "")


def _reference(reference: Any) -> str:
    return " / ".join(key_values(reference)) if isinstance(reference, dict) else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _harmless(text: str) -> str:
    """Return a cell of CSV that no spreadsheet takes for a formula; numbers stay numbers."""
    if _NUMBER.fullmatch(text):
        return text
    text = _INNER_FORMULA.sub(r"\1'", _cut(text))
    return f"'{text}" if _FORMULA.match(text) else text


def _cut(text: str) -> str:
    return text if len(text) < _MAX_CELL else f"{text[: _MAX_CELL - 2]}…"


def _is_exact(text: str) -> bool:
    digits = sum(sign.isdigit() for sign in re.split("[eE]", text)[0])
    return _NUMBER.fullmatch(text) is not None and digits <= _EXACT_DIGITS
