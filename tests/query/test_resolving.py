"""From conditions to the documents that the index lets through."""

from __future__ import annotations

from typing import Any

import pytest

from aas_server.query import resolving
from aas_server.query.fields import Root
from aas_server.query.parsing import parse_condition
from aas_server.query.plan import NOTHING, Both, Either, Everything, Lookup, plan
from aas_server.query.resolving import Resolver, Steps
from aas_server.store.protocol import Kind
from tests.query.asked import collection, eq, field, listed, number, prop, submodel, text

SUBMODELS = [
    submodel("Mill", prop("Speed", "17", "urn:c:speed"), concept="urn:t:data/1/0"),
    submodel("Press", prop("Speed", "99", "urn:c:speed"), concept="urn:t:data/2/0"),
    submodel("Plate", prop("Built", "2020-03-17"), listed("Speeds", prop(None, "40"))),
    submodel("Deep", collection("C", prop("Speed", "fast", "urn:c:speed"))),
]


def shell(name: str, *submodels: str) -> dict[str, Any]:
    return {
        "modelType": "AssetAdministrationShell",
        "id": f"urn:shell:{name}",
        "idShort": name,
        "assetInformation": {
            "assetKind": "Instance",
            "globalAssetId": f"urn:asset:{name}",
            "specificAssetIds": [{"name": "maker", "value": f"{name} & Co"}],
        },
        "submodels": [
            {"type": "ModelReference", "keys": [{"type": "Submodel", "value": f"urn:sm:{each}"}]}
            for each in submodels
        ],
    }


SHELLS = [shell("Mill", "Mill", "Plate"), shell("Press", "Press"), shell("Bare")]


@pytest.fixture
async def resolver(repository, hub):
    documents = [(Kind.SUBMODEL, each) for each in SUBMODELS]
    documents += [(Kind.SHELL, each) for each in SHELLS]
    await repository.add_missing(documents, actor="test")
    return Resolver(repository, hub)


@pytest.fixture
def found(resolver, repository):
    """The idShorts of the documents that the index lets through, None for all of them."""

    async def find(condition: Any, root: Root = Root.SUBMODEL) -> list[str] | None:
        steps = Steps()
        places = await resolver.places(plan(parse_condition(condition)), root, steps)
        assert steps.lines or places == frozenset()
        if places is None:
            return None
        kind = Kind.SHELL if root is Root.SHELL else Kind.SUBMODEL
        documents = await repository.collection(kind).at(sorted(places))
        return [document.tree()["idShort"] for document in documents]

    return find


def above(name: str, value: float) -> dict[str, Any]:
    return {"$gt": [field(name), number(value)]}


def match(*conditions: dict[str, Any]) -> dict[str, Any]:
    return {"$match": list(conditions)}


SPEED = eq("$sme#semanticId", "urn:c:speed")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (eq("$sm#id", "urn:sm:Mill"), ["Mill"]),
        (eq("$sm#idShort", "Press"), ["Press"]),
        (eq("$sm#semanticId", "urn:t:data/1/0"), ["Mill"]),
        ({"$starts-with": [field("$sm#semanticId"), text("urn:t:data/")]}, ["Mill", "Press"]),
        (eq("$sme#semanticId", "urn:c:speed"), ["Mill", "Press", "Deep"]),
        (eq("$sme#idShort", "Built"), ["Plate"]),
        (above("$sme.Speed#value", 17), ["Mill", "Press"]),  # a bound of a range is in it
        (above("$sme.Speed#value", 18), ["Press"]),
        ({"$lt": [number(18), field("$sme.Speed#value")]}, ["Press"]),
        ({"$gt": [{"$numCast": field("$sme.Speed#value")}, number(18)]}, ["Press"]),
        (eq("$sme.Speed#value", "fast"), ["Deep"]),
        (eq("$sme.C.Speed#value", "fast"), ["Deep"]),
        (above("$sme.Speeds[]#value", 39), ["Plate"]),
        (
            {"$lt": [field("$sme.Built#value"), {"$dateTimeVal": "2021-01-01T00:00:00Z"}]},
            ["Plate"],
        ),
        (match(SPEED, above("$sme#value", 18)), ["Press"]),
        (match(eq("$sme#idShort", "Speed"), above("$sme#value", 18)), ["Press"]),
        ({"$contains": [field("$sme.Built#value"), text("03")]}, ["Plate"]),
        ({"$or": [eq("$sm#idShort", "Press"), eq("$sm#idShort", "Mill")]}, ["Mill", "Press"]),
        ({"$and": [SPEED, eq("$sm#idShort", "Mill")]}, ["Mill"]),
        # one part that is in the index is enough
        ({"$and": [eq("$sm#idShort", "Mill"), {"$not": SPEED}]}, ["Mill"]),
        ({"$boolean": False}, []),
        (eq("$sm#id", "urn:sm:None"), []),
    ],
)
async def test_the_index_lets_through_what_may_fulfil_a_condition(found, condition, expected):
    assert await found(condition) == expected


@pytest.mark.parametrize(
    "condition",
    [
        {"$boolean": True},
        {"$not": SPEED},
        {"$ne": [field("$sm#id"), text("urn:sm:Mill")]},
        {"$contains": [field("$sm#id"), text("Mill")]},
        {"$regex": [field("$sm#id"), text("Mill")]},
        {"$eq": [field("$sm#id"), field("$sm#idShort")]},
        eq("$sme#value", "17"),
        {"$or": [eq("$sm#idShort", "Press"), {"$not": SPEED}]},
    ],
)
async def test_what_no_index_knows_lets_everything_through(found, condition):
    assert await found(condition) is None


async def test_shells_are_found_by_their_submodels_and_submodels_by_their_shells(found):
    assert await found(above("$sme.Speed#value", 18), Root.SHELL) == ["Press"]
    assert await found(eq("$aas#idShort", "Mill")) == ["Mill", "Plate"]
    both = {"$and": [eq("$aas#idShort", "Mill"), above("$sme.Speed#value", 1)]}
    assert await found(both) == ["Mill"]
    assert await found(both, Root.SHELL) == ["Mill"]


async def test_shells_are_found_by_asset_ids_and_references(found):
    asset = "$aas#assetInformation"
    maker = f"{asset}.specificAssetIds[]"
    assert await found(eq(f"{asset}.globalAssetId", "urn:asset:Bare"), Root.SHELL) == ["Bare"]
    assert await found(eq("$aas#submodels", "urn:sm:Plate"), Root.SHELL) == ["Mill"]
    asked = match(eq(f"{maker}.name", "maker"), eq(f"{maker}.value", "Bare & Co"))
    assert await found(asked, Root.SHELL) == ["Bare"]


async def test_what_two_parts_ask_of_one_partner_is_met_there(found):
    # Plate and Mill are both submodels of the shell Mill: no one submodel is both.
    both = {"$and": [eq("$sm#idShort", "Mill"), eq("$sm#idShort", "Plate")]}
    assert await found(both, Root.SHELL) == []


async def test_a_root_that_does_not_apply_lets_nothing_through(found):
    assert await found(eq("$cd#id", "urn:sm:Mill")) == []


async def test_of_too_many_found_the_index_says_nothing(found, monkeypatch):
    monkeypatch.setattr(resolving, "MOST_FOUND", 2)
    assert await found(SPEED) is None
    assert await found(eq("$sm#idShort", "Mill")) == ["Mill"]
    assert await found({"$and": [SPEED, eq("$sm#idShort", "Mill")]}) == ["Mill"]
    assert await found({"$or": [SPEED, eq("$sm#idShort", "Mill")]}) is None


async def test_partners_of_too_many_are_not_looked_up(found, monkeypatch):
    monkeypatch.setattr(resolving, "MOST_PARTNERS", 2)
    assert await found(SPEED, Root.SHELL) is None
    assert await found(above("$sme.Speed#value", 17), Root.SHELL) == ["Mill", "Press"]


def test_plans_have_the_kinds_of_their_conditions():
    def planned(condition: Any) -> Any:
        return plan(parse_condition(condition))

    one = eq("$sm#idShort", "Mill")
    assert isinstance(planned(one), Lookup)
    assert isinstance(planned({"$and": [one, SPEED]}), Both)
    assert isinstance(planned({"$and": [one, {"$not": SPEED}]}), Lookup)
    assert isinstance(planned({"$or": [one, SPEED]}), Either)
    assert isinstance(planned({"$or": [one, {"$boolean": True}]}), Everything)
    assert planned({"$boolean": False}) == NOTHING


async def test_elements_of_a_concept_are_not_looked_up_beside_their_values():
    of_values = plan(parse_condition(match(SPEED, above("$sme#value", 18))))
    assert isinstance(of_values, Lookup)
    assert "$sme#value" in of_values.text
    of_names = plan(parse_condition(match(SPEED, eq("$sme#language", "de"))))
    assert isinstance(of_names, Lookup)
    assert "$sme#semanticId" in of_names.text


async def test_what_finds_many_is_asked_of_those_that_another_lookup_finds(
    resolver, repository, monkeypatch
):
    monkeypatch.setattr(resolving, "FEW", 1)
    steps = Steps()
    narrow = eq("$sm#idShort", "Mill")
    both = plan(parse_condition({"$and": [SPEED, narrow]}))
    places = await resolver.places(both, Root.SUBMODEL, steps)
    documents = await repository.submodels.at(sorted(places))
    assert [document.id for document in documents] == ["urn:sm:Mill"]
    assert any("asked of each of these" in line for line in steps.lines)
    # Where all find many, all are asked.
    steps = Steps()
    both = plan(parse_condition({"$and": [SPEED, above("$sme.Speed#value", 17)]}))
    places = await resolver.places(both, Root.SUBMODEL, steps)
    documents = await repository.submodels.at(sorted(places))
    assert [document.id for document in documents] == ["urn:sm:Mill", "urn:sm:Press"]
    assert len(steps.lines) == 2
