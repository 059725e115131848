"""Questions with the answers that the standard gives, asked over HTTP: alone, so that the index is
asked where there is one, beside another condition, and with the sides exchanged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from aas_server.repository.repository import Repository
from tests.api.documents import API
from tests.query.asked import JsonObject, collection, eq, field, number, prop, reference, text
from tests.support.clock import FakeClock
from tests.support.services import make_app

MIRRORED = {"$eq": "$eq", "$ne": "$ne", "$lt": "$gt", "$gt": "$lt", "$le": "$ge", "$ge": "$le"}
LONG_NUMBER = "123456789012345678901234567890"


def listed(id_short: str | None, kind: str, *children: JsonObject) -> JsonObject:
    found: JsonObject = {
        "modelType": "SubmodelElementList",
        "typeValueListElement": kind,
        "value": list(children),
    }
    if kind == "Property":
        found["valueTypeListElement"] = "xs:string"
    return found if id_short is None else {**found, "idShort": id_short}


def in_languages(id_short: str | None, *languages: str) -> JsonObject:
    value = [{"language": language, "text": f"in {language}"} for language in languages]
    found: JsonObject = {"modelType": "MultiLanguageProperty", "value": value}
    return found if id_short is None else {**found, "idShort": id_short}


def typed(id_short: str, value: str, value_type: str) -> JsonObject:
    return {**prop(id_short, value), "valueType": f"xs:{value_type}"}


def document(class_id: str, size: str, *languages: str) -> JsonObject:
    return collection(
        None,
        collection("Classification", prop("ClassId", class_id)),
        listed("Languages", "MultiLanguageProperty", *(in_languages(None, x) for x in languages)),
        typed("Size", size, "int"),
    )


TYPES = (
    prop("Text", "Hello Wörld"),
    prop("Empty", ""),
    prop("Nothing", None),
    prop("Quoted", 'a "b" \\c\td'),
    prop("Emoji", "🔧 x"),
    prop("Padded", "  pad "),
    prop("Zeros", "007"),
    prop("Lines", "one\ntwo"),
    typed("Int", "42", "int"),
    typed("Negative", "-7", "integer"),
    typed("Decimal", "3.140", "decimal"),
    typed("Double", "1.5E3", "double"),
    typed("Endless", "INF", "double"),
    typed("NoNumber", "NaN", "double"),
    typed("Long", LONG_NUMBER, "integer"),
    typed("Longest", "9" * 350, "integer"),
    typed("Yes", "true", "boolean"),
    typed("One", "1", "boolean"),
    typed("Hex", "0aFF", "hexBinary"),
    typed("Moment", "2025-03-09T10:00:00Z", "dateTime"),
    typed("Zoned", "2025-03-09T12:00:00+02:00", "dateTime"),
    typed("Unzoned", "2025-03-09T10:00:00", "dateTime"),
    typed("Fraction", "2025-03-09T10:00:00.250Z", "dateTime"),
    typed("Midnight", "2025-03-08T24:00:00Z", "dateTime"),
    typed("Day", "2025-03-09", "date"),
    typed("Time", "08:30:00", "time"),
    typed("TimeEast", "08:00:00+09:00", "time"),
    typed("TimeWest", "17:00:00-06:00", "time"),
    in_languages("Texts", "de", "en-US"),
    {"modelType": "Range", "idShort": "Range", "valueType": "xs:int", "min": "1", "max": "9"},
    {"modelType": "Blob", "idShort": "Blob", "contentType": "text/plain", "value": "aGk="},
    {"modelType": "ReferenceElement", "idShort": "Refers", "value": reference("urn:a", "urn:b")},
    {"modelType": "Capability", "idShort": "Capable", "semanticId": reference("urn:able")},
    {
        "modelType": "Entity",
        "idShort": "Entity",
        "entityType": "CoManagedEntity",
        "statements": [prop("Statement", "stated")],
    },
    {
        "modelType": "Operation",
        "idShort": "Operation",
        "inputVariables": [{"value": prop("Input", "put in")}],
    },
)
NEST = (
    collection("Outer", prop("In", "x"), collection("Deep", prop("In", "y"))),
    listed(
        "Lists",
        "SubmodelElementList",
        listed(None, "Property", prop(None, "00"), prop(None, "01")),
        listed("Named", "Property", prop(None, "10"), prop(None, "11")),
    ),
    listed(
        "Documents",
        "SubmodelElementCollection",
        document("03-01", "100", "nl", "de"),
        document("02-02", "50", "en"),
    ),
)


def submodel(name: str, *elements: JsonObject) -> JsonObject:
    elements_of: JsonObject = {"submodelElements": list(elements)} if elements else {}
    return {"modelType": "Submodel", "id": f"urn:{name}", "idShort": name, **elements_of}


DOCUMENTS = (submodel("Types", *TYPES), submodel("Nest", *NEST), submodel("Bare"))


@pytest.fixture
async def client(repository: Repository, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=make_app(repository, clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://plant") as client:
        for document in DOCUMENTS:
            response = await client.post(f"{API}/submodels", json=document)
            assert response.status_code == 201, response.text
        yield client


async def found(client: httpx.AsyncClient, condition: JsonObject) -> list[str]:
    query = {"$select": "id", "$condition": condition}
    response = await client.post(f"{API}/query/submodels", json=query)
    assert response.status_code == 200, response.text
    return [each.removeprefix("urn:") for each in response.json()["result"]]


def ways(condition: JsonObject) -> Iterator[JsonObject]:
    """Other ways to say the same of submodels."""
    yield condition
    yield {"$and": [{"$starts-with": [field("$sm#id"), text("urn:")]}, condition]}
    ((operator, sides),) = condition.items()
    if operator in MIRRORED:
        yield {MIRRORED[operator]: list(reversed(sides))}


def value(name: str) -> JsonObject:
    return field(f"$sme.{name}#value")


def moment(written: str) -> JsonObject:
    return {"$dateTimeVal": written}


def time(written: str) -> JsonObject:
    return {"$timeVal": written}


def hexadecimal(written: str) -> JsonObject:
    return {"$hexVal": written}


def boolean(written: bool) -> JsonObject:
    return {"$boolean": written}


FULFILLED: dict[str, list[tuple[str, str, Any]]] = {
    "text": [
        ("Text", "$eq", "Hello Wörld"),
        ("Text", "$ne", "hello wörld"),
        ("Text", "$lt", "Hf"),
        ("Text", "$contains", "Wö"),
        ("Text", "$ends-with", "rld"),
        ("Text", "$regex", "W.r"),
        ("Text", "$regex", "(?i)^hello"),
        ("Empty", "$eq", ""),
        ("Empty", "$starts-with", ""),
        ("Empty", "$regex", "^$"),
        ("Quoted", "$eq", 'a "b" \\c\td'),
        ("Emoji", "$starts-with", "🔧"),
        ("Emoji", "$regex", "^. x$"),
        ("Padded", "$eq", "  pad "),
        ("Zeros", "$starts-with", "00"),
        ("Int", "$starts-with", "4"),
        ("Int", "$gt", "4"),
        ("Negative", "$starts-with", "-"),
        ("Lines", "$regex", "(?s)one.two"),
        ("Lines", "$regex", "(?m)^two$"),
        ("Moment", "$starts-with", "2025-03"),
        ("Long", "$eq", LONG_NUMBER),
        ("Texts", "$eq", "in de"),
        ("Texts", "$ne", "in de"),
        ("Refers", "$eq", "urn:a"),
        ("Blob", "$eq", "aGk="),
    ],
    "number": [
        ("Int", "$eq", 42.0),
        ("Int", "$gt", 41.9),
        ("Int", "$le", 42),
        ("Negative", "$lt", -6.5),
        ("Decimal", "$eq", 3.14),
        ("Double", "$eq", 1500),
        ("Endless", "$gt", 1e308),
        ("NoNumber", "$ne", 5),
        ("Long", "$eq", int(LONG_NUMBER)),
        ("Long", "$lt", 10**100),
        ("Longest", "$eq", int("9" * 350)),
        ("Longest", "$gt", 10**340),
        ("Longest", "$lt", 10**350),
        ("Zeros", "$eq", 7),
        ("One", "$eq", 1),
        ("Text", "$ne", 17),
    ],
    "moment": [
        ("Moment", "$eq", "2025-03-09T11:00:00+01:00"),
        ("Zoned", "$eq", "2025-03-09T10:00:00Z"),
        ("Unzoned", "$eq", "2025-03-09T10:00:00Z"),
        ("Fraction", "$eq", "2025-03-09T10:00:00.25Z"),
        ("Fraction", "$gt", "2025-03-09T10:00:00Z"),
        ("Midnight", "$eq", "2025-03-09T00:00:00Z"),
        ("Day", "$lt", "2025-03-09T01:00:00Z"),
        ("Moment", "$eq", "2025-03-09t10:00:00z"),
        ("Moment", "$eq", "2025-03-09T10:00"),
    ],
    "time": [
        ("Time", "$eq", "08:30"),
        ("Time", "$lt", "08:30:00.5"),
        ("TimeEast", "$lt", "00:00"),
        ("TimeWest", "$gt", "22:59"),
    ],
    "hex": [
        ("Hex", "$eq", "16#0AFF"),
        ("Hex", "$eq", "16#AFF"),
        ("Hex", "$lt", "16#0B00"),
        ("Hex", "$gt", "16#0A"),
    ],
    "boolean": [
        ("Yes", "$eq", True),
        ("One", "$eq", True),
        ("Yes", "$ne", False),
        ("Yes", "$ge", True),
        ("Text", "$ne", True),
    ],
}
NOT_FULFILLED: dict[str, list[tuple[str, str, Any]]] = {
    "text": [
        ("Nothing", "$eq", ""),
        ("Nothing", "$ne", "x"),
        ("Nothing", "$le", "x"),
        ("Nothing", "$regex", ".*"),
        ("Zeros", "$eq", "7"),
        ("Decimal", "$eq", "3.14"),
        ("Padded", "$eq", "pad"),
        ("Zoned", "$eq", "2025-03-09T10:00:00Z"),
        ("Lines", "$regex", "one.two"),
        ("Text", "$regex", "^W"),
        ("Refers", "$eq", "urn:b"),
        ("Range", "$eq", "1"),
        ("Statement", "$eq", "stated"),
        ("Input", "$eq", "put in"),
    ],
    "number": [
        ("Text", "$eq", 17),
        ("Text", "$gt", 17),
        ("Empty", "$lt", 5),
        ("Nothing", "$ne", 0),
        ("NoNumber", "$lt", 5),
        ("NoNumber", "$gt", 5),
        ("Long", "$eq", int(LONG_NUMBER) + 1),
        ("Long", "$gt", 10**400),
        ("Longest", "$gt", int("9" * 350)),
        ("Yes", "$eq", 1),
    ],
    "moment": [("Text", "$lt", "2025-03-09T10:00:00Z"), ("Nothing", "$gt", "2025-03-09T10:00:00Z")],
    "time": [("Text", "$eq", "08:30"), ("TimeEast", "$eq", "23:00")],
    "hex": [("Text", "$eq", "16#0A"), ("Hex", "$ne", "16#0AFF")],
    "boolean": [
        ("Yes", "$gt", False),
        ("Yes", "$ge", False),
        ("Text", "$eq", True),
        ("Yes", "$eq", False),
    ],
}
CONSTANTS = {
    "text": text,
    "number": number,
    "moment": moment,
    "time": time,
    "hex": hexadecimal,
    "boolean": boolean,
}


@pytest.mark.parametrize("kind", CONSTANTS)
@pytest.mark.parametrize("expected", [["Types"], []], ids=["fulfilled", "not"])
async def test_a_value_is_compared_with_a_constant(client, kind, expected):
    differing = []
    for name, operator, constant in (FULFILLED if expected else NOT_FULFILLED)[kind]:
        for condition in ways({operator: [value(name), CONSTANTS[kind](constant)]}):
            if await found(client, condition) != expected:
                differing.append(condition)
    assert differing == []


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (eq("$sme.Outer.In#value", "x"), True),
        (eq("$sme.Outer.In#value", "y"), False),
        (eq("$sme.Deep.In#value", "y"), True),
        (eq("$sme.In#value", "y"), True),
        (eq("$sme.Lists[0][1]#value", "01"), True),
        (eq("$sme.Lists[1][0]#value", "10"), True),
        (eq("$sme.Lists[][]#value", "11"), True),
        (eq("$sme.Lists[0][]#value", "10"), False),
        (eq("$sme.Lists[][001]#value", "11"), True),
        (eq("$sme.Lists[12345678901234567890][0]#value", "11"), False),
        (eq("$sme.Named[1]#value", "11"), True),
        (eq("$sme.Documents[].Classification.ClassId#value", "03-01"), True),
        (eq("$sme.Documents.Classification.ClassId#value", "03-01"), True),
        (eq("$sme.Documents[1].Classification.ClassId#value", "03-01"), False),
        (eq("$sme.Documents[0].Languages[1]#language", "de"), True),
        (eq("$sme.Documents[1].Languages[]#language", "de"), False),
    ],
)
async def test_a_path_leads_to_elements_in_collections_and_lists(client, condition, expected):
    assert await found(client, condition) == (["Nest"] if expected else [])


@pytest.mark.parametrize(
    ("class_id", "language", "size", "expected"),
    [
        ("03-01", "nl", 60, True),
        ("03-01", "de", 60, True),
        ("03-01", "en", 60, False),
        ("02-02", "en", 60, False),
        ("02-02", "en", 40, True),
    ],
)
async def test_a_match_is_about_one_document(client, class_id, language, size, expected):
    inner = {"$match": [eq("$sme.Documents[].Languages[]#language", language)]}
    larger = {"$gt": [field("$sme.Documents[].Size#value"), number(size)]}
    of_class = eq("$sme.Documents[].Classification.ClassId#value", class_id)
    answer = await found(client, {"$match": [of_class, inner, larger]})
    assert answer == (["Nest"] if expected else [])


def cast(kind: str, operand: JsonObject) -> JsonObject:
    return {f"${kind}Cast": operand}


@pytest.mark.parametrize(
    ("left", "operator", "right", "expected"),
    [
        (cast("str", cast("num", value("Zeros"))), "$eq", text("7"), True),
        (cast("str", cast("bool", value("One"))), "$eq", text("true"), True),
        (
            cast("str", cast("dateTime", value("Fraction"))),
            "$eq",
            text("2025-03-09T10:00:00.25Z"),
            True,
        ),
        (cast("str", cast("hex", value("Hex"))), "$eq", text("0AFF"), True),
        (cast("str", time("07:00")), "$eq", text("07:00:00"), True),
        (cast("str", number(5)), "$eq", text("5"), True),
        (cast("bool", cast("num", value("Int"))), "$eq", boolean(True), True),
        (cast("bool", cast("num", value("Longest"))), "$eq", boolean(True), True),
        (cast("str", cast("num", value("Longest"))), "$eq", text("9" * 350), True),
        (cast("num", cast("bool", value("Yes"))), "$eq", number(1), True),
        (cast("num", value("Text")), "$ne", number(1), False),
        (cast("dateTime", value("Zoned")), "$eq", cast("dateTime", value("Moment")), True),
        (value("Zoned"), "$eq", value("Moment"), False),
        (cast("num", value("Zeros")), "$lt", value("Int"), True),
        (value("Int"), "$lt", value("Zeros"), False),
        (cast("time", value("Moment")), "$eq", time("10:00"), True),
        (cast("time", value("Zoned")), "$eq", time("10:00"), True),
        ({"$year": cast("dateTime", value("Moment"))}, "$eq", number(2025), True),
        ({"$month": value("Moment")}, "$eq", number(3), True),
        ({"$dayOfMonth": moment("2025-03-01T23:30:00-05:00")}, "$eq", number(1), True),
        ({"$dayOfWeek": value("Day")}, "$eq", number(0), True),
        ({"$year": value("Text")}, "$ne", number(2025), False),
        (value("Nothing"), "$eq", value("Nowhere"), True),
        (value("Nothing"), "$lt", value("Nowhere"), False),
        (number(13), "$eq", text("13"), False),
        (hexadecimal("16#F"), "$eq", hexadecimal("16#0F"), True),
        (time("07:00"), "$lt", time("08:00"), True),
        (boolean(True), "$gt", boolean(False), False),
    ],
)
async def test_casts_and_constants_are_compared(client, left, operator, right, expected):
    condition = {"$and": [eq("$sm#idShort", "Types"), {operator: [left, right]}]}
    assert await found(client, condition) == (["Types"] if expected else [])


async def test_what_cannot_be_cast_is_not_found_by_its_opposite_and_what_is_missing_is(client):
    of_types = eq("$sm#idShort", "Types")
    for name, expected in (("Text", []), ("Nothing", ["Types"])):
        failing = {"$eq": [cast("num", value(name)), number(1)]}
        assert await found(client, {"$and": [of_types, {"$not": failing}]}) == expected
