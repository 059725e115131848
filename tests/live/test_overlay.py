"""Documents with slots: stored bytes around live values."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.errors import BadRequest, NotFound
from aas_server.live.hub import LiveHub
from aas_server.live.overlay import LiveOverlay
from aas_server.live.sinks import SIGNAL_SEMANTIC_ID, Facet, Sink, resolve_sink
from aas_server.live.values import BAD_SENSOR_FAILURE, GOOD, LiveValue, Quality
from tests.support.clock import START, FakeClock

STAMP = START + 1_234_567  # 2026-01-01T00:00:01.234Z


def reference(value: str) -> dict[str, Any]:
    return {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": value}]}


def prop(id_short: str, value_type: str = "xs:double", **more: Any) -> dict[str, Any]:
    return {"modelType": "Property", "idShort": id_short, "valueType": value_type, **more}


def submodel(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"modelType": "Submodel", "id": "urn:ex", "submodelElements": list(elements)}


def good(value: Any) -> LiveValue:
    return LiveValue(value, Quality.GOOD, GOOD, STAMP, STAMP + 1000)


SIGNAL = {
    "modelType": "SubmodelElementCollection",
    "idShort": "Speed",
    "semanticId": reference(SIGNAL_SEMANTIC_ID),
    "value": [
        prop("Value"),
        prop("Unit", "xs:string", value="1/s"),
        prop("Quality", "xs:string"),
        prop("StatusCode", "xs:unsignedInt"),
        prop("SourceTimestamp", "xs:dateTime"),
        prop("ReceivedTimestamp", "xs:dateTime"),
    ],
}


def test_a_live_property_shows_its_value_and_its_quality_as_value_qualifiers(hub: LiveHub) -> None:
    tree = submodel(
        prop("Before", value="1.50"),
        prop(
            "Temp", qualifiers=[{"kind": "ConceptQualifier", "type": "own", "valueType": "xs:int"}]
        ),
        prop("After", "xs:string", value="kept"),
    )
    point = hub.register(resolve_sink(tree, ("Temp",)))
    overlay = LiveOverlay(tree, hub.group("urn:ex"))
    hub.apply([(point, good(20.5))])
    before, temp, after = msgspec.json.decode(overlay.body())["submodelElements"]
    assert (before, after) == (tree["submodelElements"][0], tree["submodelElements"][2])
    assert temp["value"] == "20.5"
    assert [(q["kind"], q["type"], q.get("value")) for q in temp["qualifiers"]] == [
        ("ConceptQualifier", "own", None),
        ("ValueQualifier", "quality", "good"),
        ("ValueQualifier", "statusCode", "0"),
        ("ValueQualifier", "sourceTimestamp", "2026-01-01T00:00:01.234Z"),
        ("ValueQualifier", "receivedTimestamp", "2026-01-01T00:00:01.235Z"),
    ]


def test_a_signal_shows_every_facet_in_its_own_element(hub: LiveHub) -> None:
    tree = submodel(SIGNAL)
    point = hub.register(resolve_sink(tree, ("Speed",)))
    overlay = LiveOverlay(tree, hub.group("urn:ex"))
    hub.apply([(point, good(16.0))])
    hub.apply([(point, LiveValue(None, Quality.BAD, BAD_SENSOR_FAILURE, None, STAMP + 5000))])
    (signal,) = msgspec.json.decode(overlay.body())["submodelElements"]
    values = {element["idShort"]: element.get("value") for element in signal["value"]}
    assert values == {
        "Value": "16.0",
        "Unit": "1/s",
        "Quality": "bad",
        "StatusCode": str(BAD_SENSOR_FAILURE),
        "SourceTimestamp": "2026-01-01T00:00:01.234Z",
        "ReceivedTimestamp": "2026-01-01T00:00:01.239Z",
    }
    assert overlay.slot(("Speed", "StatusCode")).value_json() == b"2156658688"
    assert overlay.slot(("Speed", "Quality")).value_json() == b'"bad"'
    assert overlay.slot(("Speed", "Unit")) is None


@pytest.mark.parametrize(
    ("value_type", "value", "normal", "value_only"),
    [
        ("xs:double", float("nan"), "NaN", b'"NaN"'),
        ("xs:double", float("-inf"), "-INF", b'"-INF"'),
        ("xs:double", 1e-7, "1e-07", b"1e-7"),
        ("xs:long", 2**63 - 1, "9223372036854775807", b"9223372036854775807"),
        ("xs:boolean", True, "true", b"true"),
        ("xs:string", 'quote " and \\', 'quote " and \\', b'"quote \\" and \\\\"'),
        ("xs:dateTime", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", b'"2026-01-01T00:00:00Z"'),
    ],
)
def test_values_of_every_type_have_both_forms(
    hub: LiveHub, value_type: str, value: Any, normal: str, value_only: bytes
) -> None:
    tree = submodel(prop("Temp", value_type))
    point = hub.register(resolve_sink(tree, ("Temp",)))
    overlay = LiveOverlay(tree, hub.group("urn:ex"))
    hub.apply([(point, good(value))])
    assert msgspec.json.decode(overlay.body())["submodelElements"][0]["value"] == normal
    assert overlay.slot(("Temp",)).value_json() == value_only


def test_a_multi_language_property_shows_texts(hub: LiveHub) -> None:
    tree = submodel({"modelType": "MultiLanguageProperty", "idShort": "Name"})
    point = hub.register(resolve_sink(tree, ("Name",)))
    overlay = LiveOverlay(tree, hub.group("urn:ex"))
    assert overlay.slot(("Name",)).value_json() == b"null"
    texts = [{"language": "de", "text": "Fräse"}]
    hub.apply([(point, good(texts))])
    assert msgspec.json.decode(overlay.body())["submodelElements"][0]["value"] == texts
    assert overlay.slot(("Name",)).value_json() == '[{"de":"Fräse"}]'.encode()


def test_an_element_that_never_received_shows_its_stored_value_as_uncertain(hub: LiveHub) -> None:
    tree = submodel(prop("Temp", value="1.50"), prop("Empty"))
    for name in ("Temp", "Empty"):
        hub.register(resolve_sink(tree, (name,)))
    overlay = LiveOverlay(tree, hub.group("urn:ex"))
    temp, empty = msgspec.json.decode(overlay.body())["submodelElements"]
    assert temp["value"] == "1.50"
    assert temp["qualifiers"][0]["value"] == "uncertain"
    assert "value" not in empty
    assert overlay.slot(("Empty",)).value_json() == b"null"


def test_a_body_is_joined_anew_only_when_a_value_changed(hub: LiveHub) -> None:
    tree = submodel(prop("Temp"))
    point = hub.register(resolve_sink(tree, ("Temp",)))
    overlay = LiveOverlay(tree, hub.group("urn:ex"))
    first = overlay.body()
    assert overlay.body() is first
    hub.apply([(point, good(1.0))])
    assert overlay.body() is not first


def test_of_two_siblings_with_one_name_the_first_is_live(hub: LiveHub) -> None:
    tree = submodel(prop("Temp"), prop("Temp", value="7"))
    point = hub.register(resolve_sink(tree, ("Temp",)))
    overlay = LiveOverlay(tree, hub.group("urn:ex"))
    hub.apply([(point, good(1.0))])
    first, second = msgspec.json.decode(overlay.body())["submodelElements"]
    assert (first["value"], second) == ("1.0", tree["submodelElements"][1])


@given(
    st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=30), min_size=1, max_size=6)
)
def test_whatever_texts_surround_a_slot_stay_as_they_are(texts: list[str]) -> None:
    hub = LiveHub(FakeClock())
    stored = [prop(f"P{i}", "xs:string", value=text) for i, text in enumerate(texts)]
    tree = submodel(*stored, prop("Temp"), *stored)
    point = hub.register(
        Sink("urn:ex", ("Temp",), "Property", "xs:double", {("Temp",): Facet.VALUE})
    )
    overlay = LiveOverlay(tree, hub.group("urn:ex"))
    hub.apply([(point, good(1.0))])
    elements = msgspec.json.decode(overlay.body())["submodelElements"]
    assert elements[: len(texts)] == stored == elements[-len(texts) :]


def test_a_sink_must_be_there_and_be_able_to_hold_a_value() -> None:
    tree = submodel(
        {"modelType": "Capability", "idShort": "Can"}, SIGNAL | {"value": SIGNAL["value"][1:]}
    )
    with pytest.raises(NotFound, match="Nope"):
        resolve_sink(tree, ("Nope",))
    with pytest.raises(BadRequest, match="Capability cannot take a live value"):
        resolve_sink(tree, ("Can",))
    with pytest.raises(BadRequest, match="none of Value"):
        resolve_sink(tree, ("Speed",))
