"""The status submodel: valid, complete, and safe whatever names and errors contain."""

from __future__ import annotations

from typing import Any

import aas_core3_1.jsonization as aas_json
import aas_core3_1.verification as aas_verification
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.bindings.status import (
    MAX_SHOWN_FAILING,
    STATUS_ID,
    ConnectionReport,
    ConnectionState,
    FailingBinding,
    status_submodel,
)
from aas_server.metamodel.tree import resolve
from aas_server.repository.repository import Repository
from tests.support.clock import START

FAILING = FailingBinding(
    "nsu=urn:x;s=Drehzahl", "urn:sm/Signals.DriveSpeed", "BadNodeIdUnknown: check the node", START
)


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


def test_a_connection_shows_its_state_and_counts():
    tree = status_submodel([report()])
    assert (tree["id"], tree["idShort"]) == (STATUS_ID, "AssetConnectionStatus")
    assert values(tree, "mill") == {
        "Name": "mill",
        "Url": "opc.tcp://127.0.0.1:4840/x",
        "State": "connected",
        "Since": "2026-01-01T00:00:00.000Z",
        "BindingsOk": "3",
        "BindingsFailing": "0",
    }


def test_what_fails_is_shown_with_its_reason():
    tree = status_submodel(
        [
            report(
                state=ConnectionState.DISCONNECTED,
                last_error="no answer",
                bindings_failing=(FAILING,),
            )
        ]
    )
    shown = values(tree, "mill")
    assert (shown["State"], shown["LastError"], shown["BindingsFailing"]) == (
        "disconnected",
        "no answer",
        "1",
    )
    assert values(tree, "mill", "FailingBindings", 0) == {
        "Node": "nsu=urn:x;s=Drehzahl",
        "Sink": "urn:sm/Signals.DriveSpeed",
        "Problem": "BadNodeIdUnknown: check the node",
        "Since": "2026-01-01T00:00:00.000Z",
    }


@pytest.mark.parametrize(
    "reports",
    [
        [],
        [report()],
        [report(last_error="x", bindings_failing=(FAILING, FAILING)), report("robot")],
        [report(state=state) for state in ConnectionState],
    ],
)
def test_it_is_valid(reports):
    assert findings(status_submodel(reports)) == []


def test_there_are_no_empty_lists():
    assert "submodelElements" not in status_submodel([])
    assert all(
        e["idShort"] != "FailingBindings"
        for e in status_submodel([report()])["submodelElements"][0]["value"]
    )


def test_long_lists_of_failures_are_cut_and_counted():
    tree = status_submodel([report(bindings_failing=(FAILING,) * (MAX_SHOWN_FAILING + 5))])
    assert values(tree, "mill")["BindingsFailing"] == str(MAX_SHOWN_FAILING + 5)
    assert len(resolve(tree, ("mill", "FailingBindings"))["value"]) == MAX_SHOWN_FAILING


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
    failing = FailingBinding(f"n{text}", f"s{text}", text, START)
    tree = status_submodel(
        [report(name, last_error=text, bindings_failing=(failing,)) for name in names]
    )
    assert findings(tree) == []


def test_it_can_be_shown_by_the_repository(repository: Repository):
    document = repository.put_generated(status_submodel([report(bindings_failing=(FAILING,))]))
    assert b"AssetConnectionStatus" in document.body()
    assert repository.is_generated(STATUS_ID)
