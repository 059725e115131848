"""Rows through which a value would come back to where it began are refused, with the way spelled
out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from aas_server.bindings import cycles
from aas_server.bindings.cycles import OwnAddresses, without_cycles
from aas_server.bindings.plant.base import BindingSettings
from aas_server.bindings.plant.elements import ElementBindingSettings, ElementConnectionSettings
from aas_server.bindings.plant.http import HttpBindingSettings, HttpConnectionSettings
from aas_server.bindings.plant.opcua import OpcUaBindingSettings, OpcUaConnectionSettings
from aas_server.bindings.wanted import Row, Wanted
from aas_server.metamodel.identifiers import encode_identifier

OWN = OwnAddresses.of("127.0.0.1", 8080, "https://aas.example/plant")
CONNECTIONS = {
    "aas": ElementConnectionSettings.model_validate({}),
    "self": HttpConnectionSettings.model_validate({"url": "http://localhost:8080/api/v3/"}),
    "proxy": HttpConnectionSettings.model_validate({"url": "https://aas.example/plant/api/v3/"}),
    "other": HttpConnectionSettings.model_validate({"url": "http://localhost:8081/api/v3/"}),
    "plc": OpcUaConnectionSettings.model_validate({"url": "opc.tcp://plc:4840"}),
}


def place(name: str) -> dict[str, str]:
    submodel, _, path = name.partition("/")
    return {"submodel": f"urn:{submodel}", "path": path}


def copy(source: str, sink: str) -> BindingSettings:
    return ElementBindingSettings.model_validate(
        {"connection": "aas", "element": place(source), "sink": place(sink)}
    )


def href(name: str, end: str = "/$value") -> str:
    found = place(name)
    path = f"/submodel-elements/{found['path']}" if found["path"] else ""
    return f"submodels/{encode_identifier(found['submodel'])}{path}{end}"


def poll(source: str, sink: str, connection: str = "self", **more: Any) -> BindingSettings:
    return HttpBindingSettings.model_validate(
        {
            "connection": connection,
            "href": more.pop("href", None) or href(source),
            "sink": place(sink),
            **more,
        }
    )


def node(source: str, sink: str, direction: str = "read") -> BindingSettings:
    return OpcUaBindingSettings.model_validate(
        {"connection": "plc", "node": source, "sink": place(sink), "direction": direction}
    )


def kept_and_refused(
    *rows: BindingSettings, own: OwnAddresses = OWN
) -> tuple[list[str], list[str]]:
    wanted = without_cycles(Wanted(CONNECTIONS, tuple(Row(each) for each in rows)), own)
    return (
        [row.settings.sink.name for row in wanted.rows],
        [each.reason for each in wanted.refused],
    )


def refused(*rows: BindingSettings) -> Iterable[str]:
    return kept_and_refused(*rows)[1]


def test_the_row_that_would_close_a_cycle_is_refused_and_the_others_stay() -> None:
    kept, reasons = kept_and_refused(copy("a/A", "b/B"), copy("b/B", "c/C"), copy("c/C", "a/A"))

    assert kept == ["urn:b/B", "urn:c/C"]
    assert reasons == ["it would close a cycle: urn:c/C -> urn:a/A -> urn:b/B -> urn:c/C"]


def test_an_element_does_not_feed_itself_nor_what_it_lies_in() -> None:
    assert refused(copy("a/A", "a/A")) == ["it would close a cycle: urn:a/A -> urn:a/A"]
    assert len(list(refused(copy("a/A", "a/A.Value")))) == 1
    assert len(list(refused(copy("a/A.Value", "b/B"), copy("b/B", "a/A")))) == 1
    assert refused(copy("a/A", "a/AB")) == []


def test_what_leads_apart_is_no_cycle() -> None:
    rows = [copy("a/A", "b/B"), copy("a/A", "c/C"), copy("c/C", "d/D"), copy("b/B", "e/E")]

    assert refused(*rows) == []


@pytest.mark.parametrize("connection", ["self", "proxy"])
@pytest.mark.parametrize("end", ["", "/$value", "/$metadata"])
def test_an_address_of_this_very_server_is_the_element_that_it_names(
    connection: str, end: str
) -> None:
    address = href("b/B", end)

    reasons = list(refused(copy("a/A", "b/B"), poll("b/B", "a/A", connection, href=address)))

    assert reasons == [f"it would close a cycle: {address} -> urn:a/A -> {address}"]


def test_a_member_of_a_submodel_s_value_is_its_element() -> None:
    first = copy("a/A", "b/X.B")
    whole = href("b/")

    assert len(list(refused(first, poll("", "a/A", href=whole, member="X.B")))) == 1
    assert len(list(refused(first, poll("", "a/A", href=whole, member="X")))) == 1
    assert refused(first, poll("", "a/A", href=whole, member="Y")) == []
    # What is no value of ours has members of other names.
    assert len(list(refused(first, poll("", "a/A", href=href("b/", ""), member="Y")))) == 1


def test_an_address_of_another_server_is_a_device() -> None:
    assert refused(copy("a/A", "b/B"), poll("b/B", "a/A", "other")) == []


def test_an_address_of_this_server_must_name_an_element() -> None:
    (reason,) = refused(poll("", "a/A", href="shells"))

    assert reason == "its address leads back to this very server and names no single element there"


def test_a_row_that_is_written_through_leads_back_too() -> None:
    """AAS to AAS, and back by what clients write: the address is of this server."""
    writable = poll(
        "b/B", "a/A", direction="readWrite", write={"method": "PATCH", "href": href("b/B")}
    )
    assert refused(writable) == []

    (reason,) = refused(writable, copy("a/A", "b/B"))

    assert "it would close a cycle: urn:a/A -> " in reason


def test_rows_of_machines_alone_have_no_cycles() -> None:
    rows = [node("i=1", "a/A", "readWrite"), node("i=1", "b/B", "readWrite"), node("i=2", "c/C")]

    kept, reasons = kept_and_refused(*rows)

    assert (len(kept), reasons) == (3, [])


def test_a_machine_between_elements_is_part_of_the_way() -> None:
    rows = [node("i=1", "a/A", "readWrite"), copy("a/A", "b/B"), node("i=1", "c/C")]
    assert refused(*rows) == []


def test_long_chains_are_followed_in_no_time() -> None:
    rows = [copy(f"a/E{index}", f"a/E{index + 1}") for index in range(2000)]

    assert refused(*rows) == []
    (reason,) = refused(*rows, copy("a/E2000", "a/E0"))
    assert reason.startswith("it would close a cycle: urn:a/E2000 -> urn:a/E0 -> urn:a/E1 -> ")
    assert "1982 more" in reason


def test_looking_for_cycles_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycles, "MAX_STEPS", 10)
    rows = [copy(f"a/E{index}", f"a/E{index + 1}") for index in range(20, 0, -1)]

    kept, reasons = kept_and_refused(*rows)

    assert len(kept) == 5
    assert set(reasons) == {
        "elements feed each other in more ways than can be looked through for cycles"
    }


def test_a_server_on_all_addresses_knows_itself() -> None:
    own = OwnAddresses.of("0.0.0.0", 9000)

    assert own.has("http://127.0.0.1:9000/x")
    assert own.has("http://localhost:9000/x")
    assert not own.has("http://127.0.0.1:9001/x")
