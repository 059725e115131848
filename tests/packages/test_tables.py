"""Submodels as tables for people."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from aas_server.metamodel.tree import Node, walk
from aas_server.packages.tables import COLUMNS, write_csv, write_xlsx
from tests.api.documents import TYPES_SUBMODEL, external

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def table(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def sheet(body: bytes) -> list[dict[str, Any]]:
    """Return the rows of a workbook: texts are str, numbers float."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        strings = [
            re.sub("_x([0-9A-F]{4})_", lambda it: chr(int(it[1], 16)), "".join(each.itertext()))
            for each in etree.fromstring(archive.read("xl/sharedStrings.xml"))
        ]
        root = etree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in root.iter(f"{MAIN}row"):
        cells: dict[str, Any] = {}
        for cell in row:
            assert cell.find(f"{MAIN}f") is None
            value = cell.findtext(f"{MAIN}v")
            column = COLUMNS[ord(re.sub(r"\d", "", cell.get("r"))) - ord("A")]
            is_text = cell.get("t") == "s"
            cells[column] = strings[int(value)] if is_text else float(value)
        rows.append(cells)
    return rows


def of(*elements: Node) -> Node:
    return {"modelType": "Submodel", "id": "urn:s", "submodelElements": list(elements)}


def text(value: str, **more: Any) -> Node:
    return {
        "modelType": "Property",
        "idShort": "P",
        "valueType": "xs:string",
        "value": value,
    } | more


def test_each_element_is_a_row_with_its_path_and_its_value() -> None:
    rows = {row["path"]: row for row in table(write_csv(TYPES_SUBMODEL))}
    assert len(rows) == len(list(walk(TYPES_SUBMODEL)))
    assert {path: rows[path]["value"] for path in rows if "Items" not in path} == {
        "Number": "42.5",
        "Infinite": "INF",
        "Unset": "",
        "Name": "Presse ä",
        "Label": "oil",
        "Span": "3 … 15",
        "Manual": "/a.pdf",
        "Icon": "image/png, base64",
        "Link": "urn:example:target",
        "Relation": "urn:example:target → urn:example:target",
        "Annotated": "urn:example:target → urn:example:target",
        "Annotated.Weight": "1.0",
        "Part": "urn:example:part",
        "Part.Mass": "2.5",
        "Event": "urn:example:target",
        "Pressing": "",
        "Start": "",
        "Group": "",
        "Group.Inside": "1.5",
        "Group.Deeper": "",
        "Group.Deeper.Deepest": "2.5",
    }
    assert rows["Items[11][11]"]["value"] == "1111"
    assert rows["Span"] | {"value": ""} == dict.fromkeys(COLUMNS, "") | {
        "path": "Span",
        "idShort": "Span",
        "type": "Range",
        "value type": "xs:int",
    }


def test_both_tables_say_the_same() -> None:
    rows = sheet(write_xlsx(TYPES_SUBMODEL))
    assert rows[0] == {name: name for name in COLUMNS}
    written = table(write_csv(TYPES_SUBMODEL))
    assert len(rows) == len(written) + 1
    for row, expected in zip(rows[1:], written, strict=True):
        for name in COLUMNS:
            value = row.get(name, "")
            if isinstance(value, float):
                assert float(expected[name]) == value
            else:
                assert expected[name] == value


DESCRIPTION = [{"language": "en-GB", "text": "oil"}, {"language": "de", "text": "Öl"}]


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        (("de",), "Öl"),
        (("DE",), "Öl"),
        (("en-gb",), "oil"),
        (("en",), "oil"),
        (("fr", "de"), "Öl"),
        (("fr",), "oil"),
        ((), "oil"),
    ],
)
def test_texts_are_in_the_language_that_is_liked_best(
    languages: tuple[str, ...], expected: str
) -> None:
    label = {"modelType": "MultiLanguageProperty", "idShort": "L", "value": DESCRIPTION}
    (row,) = table(write_csv(of(label | {"description": DESCRIPTION}), languages=languages))
    assert (row["value"], row["description"]) == (expected, expected)


def with_unit(unit: str) -> Node:
    content = {"modelType": "DataSpecificationIec61360", "unit": unit}
    return {"embeddedDataSpecifications": [{"dataSpecificationContent": content}]}


def test_a_unit_is_that_of_the_element_or_of_its_concept() -> None:
    concepts = {"urn:bar": with_unit("bar")}
    rows = table(
        write_csv(
            of(
                text("1", semanticId=external("urn:bar")),
                text("2", semanticId=external("urn:bar"), **with_unit("mbar")),
                text("3", semanticId=external("urn:other")),
            ),
            concept=concepts.get,
        )
    )
    assert [row["unit"] for row in rows] == ["bar", "mbar", ""]
    assert [row["semantic id"] for row in rows] == ["urn:bar", "urn:bar", "urn:other"]


FORMULAS = [
    '=HYPERLINK("http://127.0.0.1/","x")',
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "＝1",
    "+49 123 456",
    "-",
]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("column", ["value", "idShort", "semantic id", "description"])
def test_no_text_is_a_formula(formula: str, column: str) -> None:
    element: Node = {
        "value": text(formula),
        "idShort": text("", idShort=formula),
        "semantic id": text("", semanticId=external(formula)),
        "description": text("", description=[{"language": "en", "text": formula}]),
    }[column]
    (row,) = table(write_csv(of(element)))
    kept = formula.strip() if column == "semantic id" else formula
    assert row[column].startswith("'")
    assert row[column].replace("'", "") == kept.replace("'", "")
    assert sheet(write_xlsx(of(element)))[1][column] == kept


@pytest.mark.parametrize("text_", ["x;=1+1", 'x";"=1', "x\n=1", "x; @SUM(1)"])
def test_no_text_is_a_formula_where_a_semicolon_separates(text_: str) -> None:
    body = write_csv(of(text(text_))).decode("utf-8-sig")
    for cell in re.split(r'[;\t\r\n]"*\s*', body):
        assert not cell.startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize(
    ("value", "value_type", "cell"),
    [
        ("-5.5", "xs:double", -5.5),
        ("+3", "xs:int", 3.0),
        ("1e-3", "xs:float", 0.001),
        ("-5", "xs:string", "-5"),
        ("INF", "xs:double", "INF"),
        ("-INF", "xs:double", "-INF"),
        ("12345678901234567890", "xs:unsignedLong", "12345678901234567890"),
        ("٣", "xs:int", "٣"),
        ("true", "xs:boolean", "true"),
    ],
)
def test_numbers_stay_numbers_where_none_of_their_digits_is_lost(
    value: str, value_type: str, cell: Any
) -> None:
    element = text(value, valueType=value_type)
    assert sheet(write_xlsx(of(element)))[1]["value"] == cell
    (row,) = table(write_csv(of(element)))
    assert row["value"] == ("'-INF" if value == "-INF" else value)


def test_what_no_cell_can_hold_is_cut() -> None:
    long = of(text("x" * 40_000))
    (row,) = table(write_csv(long))
    assert (len(row["value"]), row["value"][-1]) == (32_766, "…")
    assert sheet(write_xlsx(long))[1]["value"] == row["value"]


def test_the_same_submodel_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = write_xlsx(TYPES_SUBMODEL)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert write_xlsx(TYPES_SUBMODEL) == first
    assert table(write_csv(of())) == []
    assert len(sheet(write_xlsx(of()))) == 1


def test_every_published_submodel_is_a_table(shared_dir: Path) -> None:
    elements = 0
    for file in sorted((shared_dir / "templates").rglob("*.json")):
        document = json.loads(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
        for submodel in document.get("submodels") or ():
            rows = table(write_csv(submodel, languages=("de",)))
            assert len(rows) == len(list(walk(submodel)))
            elements += len(rows)
    assert elements > 5_000
    assert len(sheet(write_xlsx(submodel))) == len(rows) + 1
