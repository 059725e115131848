"""Three versions of a document made one."""

from __future__ import annotations

from typing import Any

import pytest

from aas_server.bindings.onboarding.merging import Changes, merged


def prop(name: str, **more: Any) -> dict[str, Any]:
    return {"modelType": "Property", "idShort": name, **more}


A, A1, A2, A5 = prop("A"), prop("A", value="1"), prop("A", value="2"), prop("A", value="5")
B, OWN = prop("B"), prop("Own")
METRE, KILOMETRE = prop("A", unit="m"), prop("A", unit="km")


@pytest.mark.parametrize(
    ("base", "current", "fresh", "expected"),
    [
        pytest.param([A], [A], [A, B], [A, B], id="new-is-added"),
        pytest.param([A], [A, OWN], [A], [A, OWN], id="the-users-stays"),
        pytest.param([A], [], [A], [], id="removed-stays-removed"),
        pytest.param([A], [A], [], [A], id="vanished-stays"),
        pytest.param([A1], [A1], [A2], [A2], id="changed-is-taken-over"),
        pytest.param([A1], [A5], [A1], [A5], id="the-users-change-stays"),
        pytest.param([A1], [A5], [A2], [A5], id="both-changed-the-users-stays"),
        pytest.param([METRE], [METRE], [A], [A], id="an-attribute-told-no-more-goes"),
        pytest.param([METRE], [KILOMETRE], [A], [KILOMETRE], id="unless-the-user-changed-it"),
        pytest.param([A], [A], [METRE], [METRE], id="a-new-attribute-is-added"),
        pytest.param([A, B], [B, A], [A, B], [B, A], id="the-users-order-stays"),
        pytest.param([], [A1], [A2], [A1], id="the-same-name-by-chance-is-the-users"),
    ],
)
def test_what_becomes_of_three_versions(base: Any, current: Any, fresh: Any, expected: Any) -> None:
    assert merged(base, current, fresh, Changes()) == expected


def test_a_change_and_a_refused_change_are_told_with_place_and_values() -> None:
    def environment(first: str, second: str) -> dict[str, Any]:
        elements = [prop("A", value=first), prop("B", value=second)]
        return {"submodels": [{"id": "urn:a", "submodelElements": elements}]}

    base, current, fresh = environment("1", "1"), environment("1", "9"), environment("2", "2")
    changes = Changes()

    merged(base, current, fresh, changes, "Data")

    assert changes.changed == ["Data.A value: '1' is now '2'"]
    assert changes.kept == ["Data.B value: yours is '9', the machine says '2'"]


def test_texts_are_merged_by_language_and_references_as_a_whole() -> None:
    def texts(**by_language: str) -> list[dict[str, str]]:
        return [{"language": language, "text": text} for language, text in by_language.items()]

    assert merged(
        texts(en="Speed"), texts(en="Speed", de="Tempo"), texts(en="Velocity"), Changes()
    ) == texts(en="Velocity", de="Tempo")
    reference = {"type": "ModelReference", "keys": [{"type": "Submodel", "value": "urn:a"}]}
    other = {"type": "ModelReference", "keys": [{"type": "Submodel", "value": "urn:b"}]}
    own = {"type": "ModelReference", "keys": [{"type": "Submodel", "value": "urn:own"}]}
    found = merged([reference], [reference, own], [reference, other], Changes())
    assert found == [reference, own, other]


def test_pairs_of_a_mapping_are_told_apart_by_their_ids() -> None:
    def source(identifier: str, target: str) -> dict[str, Any]:
        value = [prop("Source", value=target), prop("SourceId", value=identifier)]
        return {"modelType": "SubmodelElementCollection", "value": value}

    base = [source("a", "x"), source("b", "y")]
    current = [source("b", "elsewhere")]
    fresh = [source("a", "x"), source("b", "y"), source("c", "z")]

    assert merged(base, current, fresh, Changes()) == [source("b", "elsewhere"), source("c", "z")]
