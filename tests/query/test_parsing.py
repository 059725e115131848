"""Queries that are understood, and where those are wrong that are not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from aas_server.errors import BadRequest
from aas_server.query.expression import (
    Cast,
    Comparison,
    DateNumber,
    Literal,
    Match,
    Source,
    SubjectAttribute,
)
from aas_server.query.fields import ANYWHERE, parse_field
from aas_server.query.parsing import (
    MAX_DEPTH,
    MAX_PARTS,
    MAX_TEXT,
    parse_condition,
    parse_query,
)
from aas_server.query.values import Type
from tests.query.asked import eq, field, number, text

TRUE = {"$boolean": True}


def place(query: Any) -> str:
    with pytest.raises(BadRequest) as raised:
        parse_query(query)
    return raised.value.path or ""


def test_documents_or_ids_are_asked_for():
    assert not parse_query({"$condition": TRUE}).ids_only
    assert parse_query({"$select": "id", "$condition": TRUE}).ids_only


def test_casts_and_parts_of_dates_keep_what_they_are_made_of():
    query = parse_query(
        {
            "$condition": {
                "$eq": [{"$numCast": field("$sme.P#value")}, {"$month": field("$sme.Q#value")}]
            }
        }
    )
    comparison = query.condition
    assert isinstance(comparison, Comparison)
    assert isinstance(comparison.left, Cast)
    assert isinstance(comparison.right, DateNumber)
    assert [str(each) for each in comparison.fields()] == ["$sme.P#value", "$sme.Q#value"]


def test_a_part_of_a_date_takes_a_constant_as_3_1_2_has_it():
    condition = parse_query(
        {"$condition": {"$eq": [{"$year": "2026-01-02T03:04:05Z"}, number(2026)]}}
    ).condition
    assert isinstance(condition, Comparison)
    assert isinstance(condition.left, DateNumber)
    assert isinstance(condition.left.operand, Literal)


def test_nested_matches_are_one():
    inner = {"$match": [eq("$sme.L[].Q#value", "2")]}
    match = parse_query({"$condition": {"$match": [eq("$sme.L[].P#value", "1"), inner]}}).condition
    assert isinstance(match, Match)
    assert len(match.conditions) == 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([], "$"),
        ({}, "$"),
        ({"$condition": TRUE, "limit": 5}, "$"),
        ({"$condition": TRUE, "$select": "idShort"}, "$select"),
        ({"$condition": TRUE, "$select": None}, "$select"),
        ({"$condition": []}, "$condition"),
        ({"$condition": {}}, "$condition"),
        ({"$condition": {**TRUE, **eq("$sm#id", "x")}}, "$condition"),
        ({"$condition": {"$xor": [TRUE, TRUE]}}, "$condition"),
        ({"$condition": {"$and": [TRUE]}}, "$condition.$and"),
        ({"$condition": {"$or": [TRUE, {"$boolean": "true"}]}}, "$condition.$or[1].$boolean"),
        ({"$condition": {"$not": [TRUE]}}, "$condition.$not"),
        ({"$condition": {"$eq": [text("a")]}}, "$condition.$eq"),
        ({"$condition": {"$eq": [text("a")] * 3}}, "$condition.$eq"),
        ({"$condition": {"$eq": [text("a"), {"$numVal": "5"}]}}, "$condition.$eq[1].$numVal"),
        ({"$condition": {"$eq": [text("a"), {"$numVal": True}]}}, "$condition.$eq[1].$numVal"),
        ({"$condition": {"$eq": [text("$a"), text("a")]}}, "$condition.$eq[0].$strVal"),
        ({"$condition": {"$eq": [{"$hexVal": "FF"}, text("a")]}}, "$condition.$eq[0].$hexVal"),
        ({"$condition": {"$eq": [{"$hexVal": "16#ff"}, text("a")]}}, "$condition.$eq[0].$hexVal"),
        ({"$condition": {"$eq": [{"$timeVal": "25:00"}, text("a")]}}, "$condition.$eq[0].$timeVal"),
        (
            {"$condition": {"$eq": [{"$dateTimeVal": "2026-02-30T00:00:00Z"}, text("a")]}},
            "$condition.$eq[0].$dateTimeVal",
        ),
        *(
            ({"$condition": {"$eq": [constant, text("a")]}}, f"$condition.$eq[0].{kind}")
            for constant in (
                {"$hexVal": "16#0F "},
                {"$dateTimeVal": "2026-11-30"},
                {"$dateTimeVal": " 2026-11-30T00:00:00Z"},
                {"$timeVal": "08:00Z"},
                {"$timeVal": "8:00"},
            )
            for kind in constant
        ),
        ({"$condition": {"$eq": [{"$year": number(1)}, number(1)]}}, "$condition.$eq[0].$year"),
        ({"$condition": {"$eq": [{"$attribute": {"CLAIM": "a"}}, text("a")]}}, "$condition.$eq[0]"),
        ({"$condition": {"$contains": [field("$sm#id"), number(1)]}}, "$condition.$contains[1]"),
        (
            {"$condition": {"$regex": [field("$sm#id"), {"$strCast": text("(a")}]}},
            "$condition.$regex[1].$strCast",
        ),
        ({"$condition": {"$regex": [field("$sm#id"), text("(a")]}}, "$condition.$regex[1].$strVal"),
        (
            {"$condition": {"$regex": [field("$sm#id"), text("(?=a)")]}},
            "$condition.$regex[1].$strVal",
        ),
        (
            {"$condition": {"$regex": [field("$sm#id"), text("((a{100}){100}){100}")]}},
            "$condition.$regex[1].$strVal",
        ),
        ({"$condition": eq("$sm#name", "x")}, "$condition.$eq[0].$field"),
        ({"$condition": eq("$foo#id", "x")}, "$condition.$eq[0].$field"),
        ({"$condition": eq("$sm.P#id", "x")}, "$condition.$eq[0].$field"),
        ({"$condition": eq("$sme..P#value", "x")}, "$condition.$eq[0].$field"),
        ({"$condition": eq("$aas#assetInformation", "x")}, "$condition.$eq[0].$field"),
        ({"$condition": eq("$sm#idShort[]", "x")}, "$condition.$eq[0].$field"),
        ({"$condition": {"$match": [TRUE, {"$and": [TRUE, TRUE]}]}}, "$condition.$match[1]"),
        ({"$condition": {"$match": []}}, "$condition.$match"),
        ({"$condition": {"$match": [eq("$sm#idShort", "x")]}}, "$condition.$match"),
        (
            {"$condition": {"$match": [eq("$sme.A[].P#value", "x"), eq("$sme.B[].P#value", "x")]}},
            "$condition.$match",
        ),
        (
            {"$condition": {"$match": [eq("$aas#submodels[].type", "x"), eq("$aas#id", "x")]}},
            "$condition.$match",
        ),
        ({"$condition": TRUE, "$filters": []}, "$filters"),
        ({"$condition": TRUE, "$filters": [{"$condition": TRUE}]}, "$filters[0]"),
        (
            {"$condition": TRUE, "$filters": [{"$fragment": "$sm#id", "$condition": TRUE}]},
            "$filters[0].$fragment",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(query, expected):
    assert place(query) == expected


def test_depth_parts_and_lengths_are_limited():
    deep: Any = TRUE
    for _ in range(MAX_DEPTH + 2):
        deep = {"$not": deep}
    assert place({"$condition": deep}).startswith("$condition.$not.$not")
    assert "$or" in place({"$condition": {"$or": [TRUE] * (MAX_PARTS + 1)}})
    assert place({"$condition": eq("$sm#id", "x" * (MAX_TEXT + 1))}) == "$condition.$eq[1].$strVal"


@pytest.mark.parametrize(
    ("written", "steps"),
    [
        ("$sm#semanticId", ("semanticId", "keys", 0, "value")),
        ("$sm#semanticId.keys[1].type", ("semanticId", "keys", 1, "type")),
        ("$sm#semanticId.keys.value", ("semanticId", "keys", ANYWHERE, "value")),
        ("$aas#submodels", ("submodels", ANYWHERE, "keys", 0, "value")),
        ("$aas#submodels[2]", ("submodels", 2, "keys", 0, "value")),
        (
            "$aasdesc#endpoints[0].protocolinformation.href",
            ("endpoints", 0, "protocolInformation", "href"),
        ),
        (
            "$sm#supplementalSemanticIds[].keys[0].value",
            ("supplementalSemanticIds", ANYWHERE, "keys", 0, "value"),
        ),
    ],
)
def test_shortcuts_lead_to_what_they_stand_for(written, steps):
    assert parse_field(written).attribute == steps


def test_a_number_may_be_larger_than_any_that_is_a_double():
    condition = parse_condition({"$eq": [field("$sme.P#value"), number(10**400)]})
    assert isinstance(condition, Comparison)
    assert condition.right == Literal(10**400)


def test_conditions_of_access_rules_ask_for_attributes():
    claim = {"$attribute": {"CLAIM": "email"}}
    condition = parse_condition({"$eq": [claim, {"$strCast": claim}]})
    assert isinstance(condition, Comparison)
    assert condition.left == SubjectAttribute(Source.CLAIM, "email")
    assert condition.right == Cast(Type.STRING, condition.left)


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ({}, "$condition.$eq[0].$attribute"),
        ({"CLAIM": "a", "GLOBAL": "UTCNOW"}, "$condition.$eq[0].$attribute"),
        ({"CLAIM": 1}, "$condition.$eq[0].$attribute.CLAIM"),
        ({"GLOBAL": "NOW"}, "$condition.$eq[0].$attribute.GLOBAL"),
    ],
)
def test_an_attribute_has_one_source_and_a_name(attribute, expected):
    with pytest.raises(BadRequest) as raised:
        parse_condition({"$eq": [{"$attribute": attribute}, text("a")]})
    assert raised.value.path == expected


def formulas(content: Any) -> Iterator[Any]:
    if isinstance(content, dict):
        for name, member in content.items():
            if name in ("FORMULA", "CONDITION", "formula"):
                yield member
            yield from formulas(member)
    elif isinstance(content, list):
        for member in content:
            yield from formulas(member)


def test_the_formulas_of_the_published_access_rules_are_understood(shared_dir):
    files = sorted((shared_dir / "spec" / "security" / "examples").glob("*.json"))
    found = [each for file in files for each in formulas(json.loads(file.read_text()))]
    assert len(found) >= 10
    for formula in found:
        parse_condition(formula)


def test_what_the_published_schema_takes_is_taken(shared_dir):
    schema = json.loads((shared_dir / "spec" / "schemas" / "query-json-schema.json").read_text())
    match = {
        "$match": [
            eq("$aas#assetInformation.specificAssetIds[].name", "a"),
            {"$regex": [field("$aas#assetInformation.specificAssetIds[].value"), text("^b")]},
        ]
    }
    query = {
        "$select": "id",
        "$condition": {
            "$or": [
                match,
                {"$not": {"$ge": [{"$numCast": field("$sme.A.B[0]#value")}, number(1.5)]}},
                {"$eq": [{"$dayOfWeek": "2026-11-30T00:00:00Z"}, number(1)]},
            ]
        },
    }
    jsonschema.validate(query, schema)
    parse_query(query)
