"""What is taken for valid without aas-core: never anything in which it would find something."""

from __future__ import annotations

import copy
from collections import Counter
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aas_server.errors import Finding
from aas_server.metamodel import verification
from aas_server.metamodel.familiar import is_familiar
from aas_server.metamodel.screening import Screening
from aas_server.metamodel.tree import Node
from aas_server.metamodel.verification import verify
from tests.packages.packages import read
from tests.packages.test_published import published
from tests.support.strategies import submodels

VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    5,
    "",
    "x",
    "a-",
    "Aa",
    "1",
    "x" * 2100,
    "\x01",
    "\ufffe",
    "xs:int",
    "xs:double",
    "GlobalReference",
    "Submodel",
    "TemplateQualifier",
    "Template",
    "Property",
    "SubmodelElementCollection",
    [],
    {},
    [5],
    [{}],
    {"x": "y"},
)
NAMES: Final = (
    "idShort",
    "id",
    "value",
    "valueType",
    "modelType",
    "kind",
    "semanticId",
    "type",
    "x",
)
PROPERTY: Final = {"modelType": "Property", "idShort": "Aa", "valueType": "xs:int", "value": "5"}


def reference(value: Any, **changes: str) -> Node:
    key = {"type": "GlobalReference", "value": value, **changes}
    return {"type": "ExternalReference", "keys": [key]}


def changed(tree: Node, random: Random) -> Node:
    """Return a copy with one or two changes anywhere."""
    tree = copy.deepcopy(tree)
    for _ in range(random.choice((1, 1, 2))):
        places = list(holders(tree))
        holder = random.choice(places)
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        change = random.randrange(5)
        if isinstance(holder, dict) and (change == 0 or not keys):
            holder[random.choice(NAMES)] = copy.deepcopy(random.choice(VALUES))
        elif not keys:
            holder.append(copy.deepcopy(random.choice(VALUES)))
        elif change == 1:
            del holder[random.choice(keys)]
        elif change == 2 and isinstance(holder, list):
            holder.append(copy.deepcopy(random.choice(holder)))
        else:
            holder[random.choice(keys)] = copy.deepcopy(random.choice(VALUES))
    return tree


def holders(value: Any) -> list[Any]:
    if not isinstance(value, dict | list):
        return []
    members = value.values() if isinstance(value, dict) else value
    return [value, *(found for member in members for found in holders(member))]


def is_taken(tree: Node) -> bool:
    plain = Screening(tree, "Submodel", limit=9).plain
    return plain is not None and is_familiar(tree, "Submodel", plain)


def findings_of_aas_core(tree: Node) -> list[Finding]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verification, "is_familiar", lambda *_: False)
        return verify(tree)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(submodel=submodels, random=st.randoms(use_true_random=False))
def test_what_is_familiar_is_valid(submodel: Node, random: Random) -> None:
    for tree in (submodel, *(changed(submodel, random) for _ in range(5))):
        if tree.get("modelType") == "Submodel" and is_taken(tree):
            assert findings_of_aas_core(tree) == []
        assert verify(tree) == findings_of_aas_core(tree)


def test_findings_of_published_submodels_stay_the_same(shared_dir: Any) -> None:
    told: Counter[tuple[bool, bool]] = Counter()
    random = Random(5)
    for file in published(shared_dir, ".aasx")[::4]:
        documents, _, _ = read(file)
        for tree in [tree for trees in documents.values() for tree in trees]:
            for each in (tree, *(changed(tree, random) for _ in range(3))):
                if each.get("modelType") == "Submodel":
                    expected = findings_of_aas_core(each)
                    assert verify(each) == expected
                    told[is_taken(each), expected == []] += 1
    assert told[True, False] == 0
    assert told[True, True] > 0
    assert told[False, False] > 10


@pytest.mark.parametrize(
    "change",
    [
        {"idShort": "A"},
        {"idShort": "a-"},
        {"idShort": "x" * 129},
        {"idShort": 5},
        {"value": "x"},
        {"value": 5},
        {"value": "\x01", "valueType": "xs:string"},
        {"valueType": "xs:other"},
        {"valueType": ["xs:int"]},
        {"other": "x"},
        {"category": ""},
        {"semanticId": {"type": "ExternalReference", "keys": []}},
        {"semanticId": reference("")},
        {"semanticId": reference(5)},
        {"semanticId": reference("\ufffe")},
        {"semanticId": reference("x" * 2049)},
        {"semanticId": reference("x", type="Property")},
        {"semanticId": {**reference("x"), "other": "x"}},
        {"semanticId": {**reference("x"), "type": "ModelReference"}},
        {"semanticId": {"type": "ExternalReference", "keys": [5]}},
        {"semanticId": {"type": "ExternalReference"}},
        {"semanticId": None},
        {"supplementalSemanticIds": []},
        {"qualifiers": [{"kind": "TemplateQualifier", "type": "a", "valueType": "xs:int"}]},
        {"modelType": "Range", "value": None},
        {"modelType": "Nothing"},
    ],
)
def test_whatever_is_wrong_with_an_element_is_found_also_when_its_like_is_known(
    change: Node,
) -> None:
    good: Node = {"modelType": "Submodel", "id": "urn:a", "submodelElements": [PROPERTY]}
    for number in range(3):
        named = {"idShort": f"Bb{number}", "semanticId": reference(f"urn:{number}")}
        other = {**PROPERTY, **named}
        known = {**good, "id": f"urn:{number}", "submodelElements": [PROPERTY, other]}
        assert verify(known) == []
        assert is_taken(known)
        bad = {**known, "submodelElements": [other, {**PROPERTY, **change}]}
        assert not is_taken(bad)
        assert verify(bad) == findings_of_aas_core(bad) != []


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": "x" * 2049},
        {"id": 5},
        {"id": "\ufffe"},
        {"submodelElements": []},
        {"submodelElements": {}},
        {"submodelElements": [PROPERTY, PROPERTY]},
        {"submodelElements": [{"modelType": "Property", "valueType": "xs:int"}]},
        {"submodelElements": [5]},
        {"submodelElements": [{"modelType": "Submodel", "id": "urn:a", "idShort": "Aa"}]},
        {"kind": "Other"},
        {"other": "x"},
    ],
)
def test_whatever_is_wrong_with_a_submodel_is_found(change: Node) -> None:
    bad = {"modelType": "Submodel", "id": "urn:a", "submodelElements": [PROPERTY], **change}
    assert not is_taken(bad)
    assert verify(bad) == findings_of_aas_core(bad) != []
