"""The strategies themselves: what they make is valid, and it is everything that there is."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings

from aas_server.metamodel.structure import ELEMENT_TYPES
from aas_server.metamodel.tree import Node, walk
from aas_server.metamodel.value_types import VALUE_TYPES
from aas_server.metamodel.verification import verify
from tests.support import strategies
from tests.support.strategy_parts import LEXICAL


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.identifiables)
def test_every_document_that_is_made_is_valid(document: Node) -> None:
    assert verify(document) == []


def test_every_type_of_element_is_made_and_lists_of_more_than_ten_items() -> None:
    seen: set[str] = set()
    longest = 0

    @settings(
        max_examples=300,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategies.submodels)
    def look(submodel: Node) -> None:
        nonlocal longest
        for _, element in walk(submodel):
            seen.add(element["modelType"])
            if element["modelType"] == "SubmodelElementList":
                longest = max(longest, len(element.get("value", ())))

    look()
    assert seen == ELEMENT_TYPES
    assert longest > 10


def test_every_value_type_has_its_texts() -> None:
    assert set(LEXICAL) == VALUE_TYPES
