"""A way to an element is the document with nothing beside it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.metamodel.tree import resolve, walk
from aas_server.metamodel.ways import Ways


def prop(name: str) -> dict[str, Any]:
    return {"modelType": "Property", "idShort": name, "value": name}


def collection(name: str | None, *children: dict[str, Any]) -> dict[str, Any]:
    named = {} if name is None else {"idShort": name}
    return {"modelType": "SubmodelElementCollection", **named, "value": list(children)}


TREE = {
    "modelType": "Submodel",
    "id": "urn:x",
    "submodelElements": [
        prop("A"),
        collection("C", prop("A"), collection("D", prop("E"), prop("F"))),
        {
            "modelType": "SubmodelElementList",
            "idShort": "L",
            "value": [collection(None, prop("G"), prop("H")), collection(None, prop("G"))],
        },
    ],
}


@pytest.mark.parametrize("path", [path for path, _ in walk(TREE)])
def test_every_element_is_at_the_end_of_its_way(path: Any) -> None:
    ways = Ways(TREE)

    assert resolve(ways.to(path), path) == resolve(TREE, path)
    assert resolve(ways.to(path), path) is resolve(TREE, path)
    assert ways.to(path)["id"] == "urn:x"


def test_nothing_else_is_on_it() -> None:
    path = parse_id_short_path("C.D.F")

    assert [each for each, _ in walk(Ways(TREE).to(path))] == [("C",), ("C", "D"), path]


@pytest.mark.parametrize("path", ["B", "C.B", "L[2]", "L[0].X", "A.B"])
def test_without_a_way_it_is_the_whole_document(path: str) -> None:
    assert Ways(TREE).to(parse_id_short_path(path)) is TREE


def test_many_siblings_cost_nothing() -> None:
    names = [f"P{index}" for index in range(20_000)]
    ways = Ways({"modelType": "Submodel", "submodelElements": [prop(each) for each in names]})

    began = time.monotonic()
    for name in names:
        ways.to((name,))

    assert time.monotonic() - began < 5
