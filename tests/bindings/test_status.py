"""The status submodel: valid, complete, bounded, and safe whatever names and errors contain."""

from __future__ import annotations

from typing import Any

import aas_core3_1.jsonization as aas_json
import aas_core3_1.verification as aas_verification
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aas_server.bindings.binding import Binding
from aas_server.bindings.plant.opcua import OpcUaBindingSettings
from aas_server.bindings.status import (
    MAX_SHOWN,
    STATUS_ID,
    BindingReport,
    Bindings,
    ConnectionReport,
    ConnectionState,
    status_submodel,
)
from aas_server.bindings.wanted import Refused
from aas_server.live.hub import LiveHub
from aas_server.live.sinks import resolve_sink
from aas_server.live.values import BAD_SENSOR_FAILURE, LiveValue, Quality, quality_of
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.metamodel.tree import resolve
from aas_server.repository.repository import Repository
from tests.support.clock import START

FAILING = BindingReport(
    "nsu=urn:x;s=Drehzahl",
    "urn:sm/Signals.DriveSpeed",
    "BadNodeIdUnknown: check the node",
    START,
    "plant file",
    Quality.BAD,
    0x80340000,
    START,
    7,
)
WORKING = BindingReport("nsu=urn:x;s=Druck", "urn:sm/Pressure", quality=Quality.GOOD, status_code=0)
REFUSED = Refused("mill", "opc.tcp://x/y", "urn:sm/Gone", "AIMC urn:aimc", "no such element")


def report(name: str = "mill", **changes: Any) -> ConnectionReport:
    known: dict[str, Any] = {
        "name": name,
        "url": "opc.tcp://127.0.0.1:4840/x",
        "state": ConnectionState.CONNECTED,
        "since": START,
        "last_error": None,
        "bindings_ok": 3,
        "bindings_failing": (),
    }
    return ConnectionReport(**{**known, **changes})


def findings(tree: dict[str, Any]) -> list[str]:
    submodel = aas_json.submodel_from_jsonable(tree)
    return [f"{error.path}: {error.cause}" for error in aas_verification.verify(submodel)]


def values(tree: dict[str, Any], *path: str | int) -> dict[str, str]:
    return {
        element["idShort"]: element["value"]
        for element in resolve(tree, path)["value"]
        if element["modelType"] == "Property"
    }


def sources(tree: dict[str, Any], name: str = "mill") -> list[str]:
    """Return the sources that a connection lists, in their order."""
    children = {each["idShort"]: each for each in resolve(tree, (name,))["value"]}
    count = len(children["Bindings"]["value"]) if "Bindings" in children else 0
    return [values(tree, name, "Bindings", index)["Source"] for index in range(count)]


def test_a_connection_shows_its_state_and_counts():
    counted = {Quality.GOOD: 2, Quality.BAD: 1}
    tree = status_submodel([report(qualities=counted, keep_alive_age=0.26, sessions=2)])
    assert (tree["id"], tree["idShort"]) == (STATUS_ID, "AssetConnectionStatus")
    assert values(tree, "mill") == {
        "Name": "mill",
        "Url": "opc.tcp://127.0.0.1:4840/x",
        "State": "connected",
        "Since": "2026-01-01T00:00:00.000Z",
        "Sessions": "2",
        "BindingsOk": "3",
        "BindingsFailing": "0",
        "ValuesGood": "2",
        "ValuesUncertain": "0",
        "ValuesBad": "1",
        "BindingsNotShown": "3",
        "KeepAliveAge": "0.3",
    }


def test_what_fails_is_shown_with_its_reason_before_what_works():
    lost = report(
        state=ConnectionState.DISCONNECTED,
        last_error="no answer",
        bindings_failing=(FAILING,),
        bindings_working=(WORKING,),
    )
    tree = status_submodel([lost])
    shown = values(tree, "mill")
    assert (shown["State"], shown["LastError"], shown["BindingsFailing"]) == (
        "disconnected",
        "no answer",
        "1",
    )
    assert values(tree, "mill", "Bindings", 0) == {
        "Source": "nsu=urn:x;s=Drehzahl",
        "Sink": "urn:sm/Signals.DriveSpeed",
        "Origin": "plant file",
        "Quality": "bad",
        "StatusCode": "BadNodeIdUnknown",
        "LastUpdate": "2026-01-01T00:00:00.000Z",
        "Errors": "7",
        "Problem": "BadNodeIdUnknown: check the node",
        "ProblemSince": "2026-01-01T00:00:00.000Z",
    }
    assert values(tree, "mill", "Bindings", 1) == {
        "Source": "nsu=urn:x;s=Druck",
        "Sink": "urn:sm/Pressure",
        "Quality": "good",
        "StatusCode": "Good",
        "Errors": "0",
    }


def test_what_a_binding_does_without_is_shown_though_it_works():
    noted = WORKING._replace(note="the machine keeps no history of this node")
    tree = status_submodel([report(bindings_working=(noted,))])
    assert values(tree, "mill", "Bindings", 0)["Note"] == noted.note
    assert findings(tree) == []


def test_a_binding_that_was_refused_is_shown_with_who_wanted_it_and_why():
    tree = status_submodel([report(bindings_failing=(BindingReport.of_refused(REFUSED),))])
    assert values(tree, "mill", "Bindings", 0) == {
        "Source": "opc.tcp://x/y",
        "Sink": "urn:sm/Gone",
        "Origin": "AIMC urn:aimc",
        "Errors": "0",
        "Problem": "no such element",
    }


def test_bindings_of_no_connection_stand_apart():
    tree = status_submodel([report("WithoutConnection")], [FAILING])
    assert sources(tree, "WithoutConnection_2") == [FAILING.source]
    assert values(tree, "WithoutConnection_2")["BindingsFailing"] == "1"
    assert findings(tree) == []


@pytest.mark.parametrize(
    "reports",
    [
        [],
        [report()],
        [report(last_error="x", bindings_failing=(FAILING, WORKING)), report("robot")],
        [report(state=state) for state in ConnectionState],
        [report(bindings_working=(WORKING,), keep_alive_age=1e9, qualities={Quality.GOOD: 5})],
    ],
)
def test_it_is_valid(reports):
    assert findings(status_submodel(reports)) == []


def test_there_are_no_empty_lists():
    assert "submodelElements" not in status_submodel([])
    assert sources(status_submodel([report()])) == []


def many(report_: BindingReport, count: int) -> tuple[BindingReport, ...]:
    return tuple(report_._replace(source=f"{report_.source}{n}") for n in range(count))


def test_of_too_many_bindings_the_failing_ones_are_listed_and_all_are_counted():
    failing = many(FAILING, MAX_SHOWN - 2)
    busy = report(
        bindings_failing=failing,
        bindings_working=many(WORKING, 50),
        qualities={Quality.GOOD: 10_000, Quality.BAD: len(failing)},
    )
    tree = status_submodel([busy])
    assert len(sources(tree)) == MAX_SHOWN
    assert sources(tree)[: len(failing)] == [each.source for each in failing]
    assert values(tree, "mill")["BindingsNotShown"] == str(10_000 - 2)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), min_size=1, max_size=4).filter(
        lambda sizes: sum(map(sum, sizes)) > MAX_SHOWN
    )
)
def test_what_is_too_much_is_shared_so_that_no_connection_hides_another(sizes):
    names = [f"machine{n}" for n in range(len(sizes))]
    tree = status_submodel(
        [
            report(name, bindings_failing=(FAILING,) * bad, bindings_working=(WORKING,) * good)
            for name, (bad, good) in zip(names, sizes, strict=True)
        ]
    )
    shown = [sources(tree, name) for name in names]
    failing = [each.count(FAILING.source) for each in shown]
    least = MAX_SHOWN // (len(names) + 1)  # one share is for what belongs to no connection
    assert MAX_SHOWN - len(names) <= sum(map(len, shown)) <= MAX_SHOWN
    assert all(seen >= min(bad, least) for seen, (bad, _) in zip(failing, sizes, strict=True))
    if any(FAILING.source != source for each in shown for source in each):
        assert failing == [bad for bad, _ in sizes]


def planned(hub: LiveHub, name: str, status: int | None, problem: str | None = None) -> Binding:
    """Return a binding to the Property ``name`` whose last value had ``status``."""
    tree = {
        "modelType": "Submodel",
        "id": f"urn:{name}",
        "submodelElements": [{"modelType": "Property", "idShort": name, "valueType": "xs:double"}],
    }
    settings = OpcUaBindingSettings.model_validate(
        {"connection": "mill", "node": f"i={len(name)}", "sink": {"submodel": "x", "path": name}}
    )
    binding = Binding(settings, now=hub.now)
    binding.set_problem(problem)
    if status is not None:
        binding.point = hub.register(resolve_sink(tree, parse_id_short_path(name)))
        live = LiveValue(1.0, quality_of(status), status, START, START + 1)
        hub.apply([(binding.point, live)])
    return binding


def test_the_worst_bindings_come_first_and_all_qualities_are_counted(hub: LiveHub):
    bindings = [
        planned(hub, "Good", 0),
        planned(hub, "Doubtful", 0x40920000),
        planned(hub, "Broken", BAD_SENSOR_FAILURE),
        planned(hub, "Lost", None, "there is no submodel"),
        planned(hub, "Wrong", 0x80340000, "BadNodeIdUnknown"),
    ]
    bindings[2].errors = 3
    bindings[2].note = "no history"

    sorted_ = Bindings.of(bindings)

    assert [each.sink for each in sorted_.failing] == ["x/Lost", "x/Wrong"]
    assert [each.sink for each in sorted_.working] == ["x/Broken", "x/Doubtful", "x/Good"]
    assert sorted_.qualities == {Quality.GOOD: 1, Quality.UNCERTAIN: 1, Quality.BAD: 2}
    assert sorted_.working[0][4:] == (
        "plant file",
        Quality.BAD,
        BAD_SENSOR_FAILURE,
        START + 1,
        3,
        "no history",
    )


@pytest.mark.parametrize(
    ("names", "id_shorts"),
    [
        (["mill"], ["mill"]),
        (["m"], ["m_"]),
        (["mill-"], ["mill-_"]),
        (["Halle 1/Fräse"], ["Halle_1_Fr_se"]),
        (["7-up"], ["Connection_7-up"]),
        (["ä"], ["Connection__"]),
        (["a b", "a/b", "a_b", "a_b_2"], ["a_b", "a_b_2", "a_b_3", "a_b_2_2"]),
    ],
)
def test_names_become_id_shorts_that_differ(names, id_shorts):
    tree = status_submodel([report(name) for name in names])
    assert [element["idShort"] for element in tree["submodelElements"]] == id_shorts
    assert [values(tree, id_short)["Name"] for id_short in id_shorts] == names


@given(st.lists(st.text(min_size=1, max_size=300), unique=True, max_size=4), st.text())
def test_it_is_valid_whatever_names_and_errors_contain(names, text):
    failing = BindingReport(f"n{text}", f"s{text}", text, START, text)
    tree = status_submodel(
        [report(name, last_error=text, bindings_failing=(failing,)) for name in names], [failing]
    )
    assert findings(tree) == []


def test_it_can_be_shown_by_the_repository(repository: Repository):
    document = repository.put_generated(status_submodel([report(bindings_failing=(FAILING,))]))
    assert b"AssetConnectionStatus" in document.body()
    assert repository.is_generated(STATUS_ID)
