"""Values of every type come from a machine of another stack and go back to it."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from tests.system.aas_process import AasClient, AasServer, Reading, encoded, serve_arguments
from tests.system.strangers_model import write_environment, write_plant
from tests.system.types_machine import NAMESPACE, TypesMachine

Node = dict[str, Any]

SUBMODEL: Final = "urn:types:data"
ELEMENTS: Final = f"/submodels/{encoded(SUBMODEL)}/submodel-elements"
OWNER: Final = f"nsu={NAMESPACE};s=Machine"


def prop(id_short: str | None, value_type: str, value: str | None = None) -> Node:
    element = {"modelType": "Property", "idShort": id_short, "valueType": value_type}
    element |= {} if value is None else {"value": value}
    return {name: each for name, each in element.items() if each is not None}


def collection(id_short: str | None, *elements: Node) -> Node:
    element: Node = {"modelType": "SubmodelElementCollection", "value": list(elements)}
    return element if id_short is None else {**element, "idShort": id_short}


def list_of(id_short: str | None, item: Node | None, model_type: str, **more: Any) -> Node:
    element: Node = {
        "modelType": "SubmodelElementList",
        "typeValueListElement": model_type,
        **more,
    }
    element |= {} if id_short is None else {"idShort": id_short}
    return element if item is None else {**element, "value": [item]}


def texts(id_short: str, *lang_strings: tuple[str, str]) -> Node:
    element: Node = {"modelType": "MultiLanguageProperty", "idShort": id_short}
    value = [{"language": language, "text": text} for language, text in lang_strings]
    return {**element, "value": value} if value else element


def offset(id_short: str) -> Node:
    """A structure whose fields' names are too short for an idShort."""
    return collection(id_short, prop("X_", "xs:double"), prop("Y_", "xs:double"))


def tool(id_short: str | None) -> Node:
    return collection(
        id_short,
        prop("Number", "xs:unsignedShort"),
        prop("Name", "xs:string"),
        prop("State", "xs:string"),
        offset("Offset"),
        prop("Life", "xs:float"),
        texts("Remark"),
        prop("Unit", "xs:string", "min"),
    )


def numbers(id_short: str | None, value_type: str, item: Node | None = None) -> Node:
    return list_of(id_short, item, "Property", valueTypeListElement=value_type)


ELEMENTS_OF_THE_MODEL: Final = [
    tool("Tool"),
    list_of("Tools", tool(None), "SubmodelElementCollection"),
    collection("Reading", prop("Number", "xs:double"), prop("Text", "xs:string"), offset("Place")),
    collection(
        "Job",
        prop("Id", "xs:string"),
        list_of("Tools", tool(None), "SubmodelElementCollection"),
        numbers("Feeds", "xs:double"),
        prop("Started", "xs:dateTime"),
        {"modelType": "Blob", "idShort": "Key", "contentType": "application/octet-stream"},
        prop("Owner", "xs:string"),
    ),
    prop("JobText", "xs:string"),
    offset("Anything"),
    numbers("Feeds", "xs:double"),
    list_of("Matrix", numbers(None, "xs:int"), "SubmodelElementList"),
    prop("State", "xs:string"),
    prop("StateNumber", "xs:int"),
    numbers("Options", "xs:string"),
    prop("OptionsNumber", "xs:unsignedShort"),
    {"modelType": "Blob", "idShort": "Image", "contentType": "image/gif"},
    texts("Title", ("de", "Fräse"), ("en", "old")),
    prop("Owner", "xs:string"),
    prop("Last", "xs:string"),
    prop("LastNumber", "xs:unsignedInt"),
    {"modelType": "Range", "idShort": "EURange", "valueType": "xs:double"},
    prop("EngineeringUnits", "xs:string"),
    prop("Text", "xs:string"),
]
NODES: Final = {
    "JobText": "Job",
    "StateNumber": "State",
    "OptionsNumber": "Options",
    "LastNumber": "Last",
}
"""Nodes of the elements that are not called as they are."""

DRILL: Final = {
    "Number": 7,
    "Name": "Drill",
    "State": "Cutting",
    "Offset": {"X_": 1.5, "Y_": -2.5},
    "Unit": "min",
}
MILL: Final = {
    "Number": 9,
    "Name": "Mill",
    "State": "Worn",
    "Offset": {"X_": 0.0, "Y_": 0.0},
    "Life": 12.5,
    "Remark": [{"de": "neu"}],
    "Unit": "min",
}
VALUES: Final[Node] = {
    "Tool": MILL,
    "Tools": [DRILL, MILL],
    "Reading": {"Number": 4.25},
    "Job": {
        "Id": "J-1",
        "Tools": [DRILL, MILL],
        "Feeds": [0.5, 1.5],
        "Started": "2026-01-02T03:04:05.678Z",
        "Key": {"contentType": "application/octet-stream"},
        "Owner": OWNER,
    },
    "Anything": {"X_": 3.0, "Y_": 4.0},
    "Feeds": [1.0, 2.5, 4.0],
    "Matrix": [[1, 2, 3], [4, 5, 6]],
    "State": "Worn",
    "StateNumber": 2,
    "Options": ["Coolant", "Lamp"],
    "OptionsNumber": 5,
    "Image": {"contentType": "image/gif"},
    "Title": [{"de": "Fräse"}, {"en": "Mill"}],
    "Owner": OWNER,
    "Last": "BadNodeIdUnknown",
    "LastNumber": 0x80340000,
    "EURange": {"min": -20.0, "max": 150.0},
    "EngineeringUnits": "CEL",
    "Text": "short",
}


@pytest.fixture(scope="module")
def machine(folder: Path) -> Iterator[TypesMachine]:
    with TypesMachine(folder) as machine:
        yield machine


@pytest.fixture(scope="module")
def server(folder: Path, machine: TypesMachine) -> Iterator[AasServer]:
    rows = [
        {
            "connection": "types",
            "node": f"nsu={NAMESPACE};s={NODES.get(name, name)}",
            "sink": {"submodel": SUBMODEL, "path": name},
            "direction": "readWrite",
            "samplingInterval": "50ms",
        }
        for name in (*VALUES, "JobText")
    ]
    submodel = {
        "modelType": "Submodel",
        "id": SUBMODEL,
        "idShort": "Types",
        "submodelElements": ELEMENTS_OF_THE_MODEL,
    }
    connection = {"url": machine.url, "publishingInterval": "50ms", "timeout": "4s"}
    arguments = serve_arguments(
        data=folder / "data",
        load=[write_environment(folder / "types.json", {"submodels": [submodel]})],
        plant=write_plant(folder / "plant.yaml", {"types": connection}, rows),
    )
    with AasServer(*arguments, folder=folder / "server") as server:
        server.client.read_when(
            SUBMODEL, "Text", lambda reading: reading.is_good, within=START_SECONDS
        )
        yield server


START_SECONDS: Final = 20.0


@pytest.fixture
def client(server: AasServer, machine: TypesMachine) -> AasClient:
    """A client, while everything is as it was at the start."""
    tools = [
        {"number": 7, "name": "Drill", "state": 1, "x": 1.5, "y": -2.5},
        {"number": 9, "name": "Mill", "state": 2, "life": 12.5,
         "remark": {"locale": "de", "text": "neu"}},
    ]  # fmt: skip
    for name, value in {
        "Tool": tools[1],
        "Tools": tools,
        "Reading": {"number": 4.25},
        "Job": tools,
        "Feeds": [1, 2.5, 4],
        "Text": "short",
        "Anything": {"x": 3, "y": 4},
    }.items():
        if not _is_as_at_the_start(server.client.read(SUBMODEL, name), name):
            machine.set(name, value)
            server.client.read_when(SUBMODEL, name, partial(_is_as_at_the_start, name=name))
    return server.client


def _is_as_at_the_start(reading: Reading, name: str) -> bool:
    return reading.is_good and reading.value == VALUES[name]


@pytest.mark.parametrize("name", VALUES)
def test_a_value_of_every_type_is_shown_as_its_element_shows_values(
    client: AasClient, name: str
) -> None:
    reading = client.read(SUBMODEL, name)

    assert reading.value == VALUES[name]
    assert reading.is_good
    assert client.qualifiers(SUBMODEL, name)["quality"] == "good"


def test_a_structure_in_a_text_is_json(client: AasClient) -> None:
    text = client.read(SUBMODEL, "JobText").value

    assert '"Offset":{"X":1.5,"Y":-2.5}' in text
    assert '"Started":"2026-01-02T03:04:05.678Z"' in text
    assert '"Key":"AP8="' in text


@pytest.mark.parametrize("name", VALUES)
def test_hot_and_full_reads_answer_with_the_same_bytes(client: AasClient, name: str) -> None:
    path = f"{ELEMENTS}/{name}/$value"
    full = client.http.get(path, params={"level": "deep"}).content

    hot = [client.http.get(path).content for _ in range(3)]

    assert hot == [full] * 3


def test_bytes_of_a_blob_are_shown_to_those_who_ask(client: AasClient) -> None:
    value = client.get(f"{ELEMENTS}/Image/$value", extent="withBlobValue")

    assert value == {
        "contentType": "image/gif",
        "value": base64.b64encode(b"GIF89a").decode(),
    }
    assert "value" not in client.element(SUBMODEL, "Image")
    element = client.get(f"{ELEMENTS}/Image", extent="withBlobValue")
    assert element["value"] == value["value"]


def test_what_a_machine_leaves_out_is_not_there(client: AasClient) -> None:
    members = [each["idShort"] for each in client.element(SUBMODEL, "Tools[0]")["value"]]
    assert members == ["Number", "Name", "State", "Offset", "Unit"]
    assert [each["idShort"] for each in client.element(SUBMODEL, "Reading")["value"]] == ["Number"]
    assert client.http.get(f"{ELEMENTS}/Reading.Text").status_code == 404


def test_another_length_of_an_array_is_another_structure(
    client: AasClient, machine: TypesMachine
) -> None:
    machine.set("Feeds", [5, 6, 7, 8, 9])
    client.read_when(SUBMODEL, "Feeds", lambda reading: len(reading.value) == 5)

    paths = [f"Feeds[{index}]" for index in range(5)]
    assert client.get(f"{ELEMENTS}/Feeds/$path") == ["Feeds", *paths]
    assert client.read(SUBMODEL, "Feeds[4]").value == 9.0
    keys = client.get(f"{ELEMENTS}/Feeds[4]/$reference")["keys"]
    assert keys[-1] == {"type": "Property", "value": "4"}
    assert client.get(f"{ELEMENTS}/Feeds[4]/$metadata")["valueType"] == "xs:double"

    machine.set("Feeds", [])
    client.read_when(SUBMODEL, "Feeds", lambda reading: reading.value == [])

    assert client.get(f"{ELEMENTS}/Feeds/$path") == ["Feeds"]
    assert client.http.get(f"{ELEMENTS}/Feeds[0]/$value").status_code == 404
    assert client.element(SUBMODEL, "Feeds")["typeValueListElement"] == "Property"


@pytest.mark.parametrize(
    ("name", "value"),
    [("Feeds[1]", 2.5), ("Job.Tools[0].Offset.X_", 1.5), ("EURange", VALUES["EURange"])],
)
def test_an_element_of_a_whole_has_the_quality_and_the_time_of_the_whole(
    client: AasClient, name: str, value: Any
) -> None:
    reading = client.read(SUBMODEL, name)

    assert reading.value == value
    assert reading.quality == "good"
    assert "last-modified" in reading.headers
    tag = reading.headers["etag"]
    assert (
        client.http.get(f"{ELEMENTS}/{name}/$value", headers={"If-None-Match": tag}).status_code
        == 304
    )


def in_a_row(shown: Any) -> Any:
    """Return typed arrays, which JavaScript's JSON shows as objects, as lists."""
    is_array = isinstance(shown, dict) and "0" in shown
    return list(shown.values()) if is_array else shown


LIFELESS: Final = {name: each for name, each in DRILL.items() if name != "Unit"}
WRITES: Final[dict[str, tuple[Any, Any]]] = {
    "Feeds": ([9.5], [9.5]),
    "Matrix": ([[7, 8], [9, 10], [11, 12]], [7, 8, 9, 10, 11, 12]),
    "State": ("Idle", 0),
    "Options": (["Conveyor"], 2),
    "EURange": ({"min": 0.5, "max": 99.0}, {"low": 0.5, "high": 99}),
    "Image": (
        {"contentType": "image/gif", "value": "AQID"},
        {"type": "Buffer", "data": [1, 2, 3]},
    ),
    "Reading": (
        {"Place": {"X_": 1.0, "Y_": 2.0}},
        {"switchField": 3, "Place": {"x": 1, "y": 2}},
    ),
    "Anything": ({"X_": 5.0, "Y_": 6.0}, {"x": 5, "y": 6}),
    "Owner": ("i=2253", "ns=0;i=2253"),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_value_goes_back_as_exactly_the_type_of_its_node(
    client: AasClient, machine: TypesMachine, name: str
) -> None:
    value, held = WRITES[name]
    before = client.get(f"{ELEMENTS}/{name}/$value", extent="withBlobValue")
    try:
        response = client.write(SUBMODEL, name, value)

        assert response.status_code == 204, response.text
        shown = in_a_row(machine.show(name))
        assert held.items() <= shown.items() if isinstance(held, dict) else shown == held
        assert client.get(f"{ELEMENTS}/{name}/$value", extent="withBlobValue") == value
    finally:
        assert client.write(SUBMODEL, name, before).status_code == 204


def test_a_structure_with_optional_fields_goes_back_without_them(
    client: AasClient, machine: TypesMachine
) -> None:
    written = {**LIFELESS, "Number": 12, "State": "Idle", "Life": 0.5}

    assert client.write(SUBMODEL, "Tool", written).status_code == 204

    assert client.read(SUBMODEL, "Tool").value == {**written, "Unit": "min"}
    shown = machine.show("Tool")
    assert (shown["number"], shown["state"], shown["life"]) == (12, 0, 0.5)
    assert "remark" not in shown


def test_arrays_of_structures_go_back_inside_structures(
    client: AasClient, machine: TypesMachine
) -> None:
    written = {
        "Id": "J-2",
        "Tools": [LIFELESS],
        "Feeds": [],
        "Started": "2026-05-06T07:08:09.000Z",
        "Key": {"value": "/w=="},
        "Owner": OWNER,
    }

    assert client.write(SUBMODEL, "Job", written).status_code == 204

    shown = machine.show("Job")
    assert shown["id"] == "J-2"
    assert [each["name"] for each in shown["tools"]] == ["Drill"]
    assert client.read(SUBMODEL, "Job").value["Tools"] == [DRILL]


def test_one_item_of_an_array_is_written_where_the_machine_takes_it(
    client: AasClient, machine: TypesMachine
) -> None:
    assert client.write(SUBMODEL, "Feeds[1]", 7.25).status_code == 204

    assert in_a_row(machine.show("Feeds")) == [1, 7.25, 4]
    assert client.read(SUBMODEL, "Feeds").value == [1.0, 7.25, 4.0]


@pytest.mark.parametrize(
    ("name", "value", "status", "told"),
    [
        ("Tool.Number", 5, 403, "$value of Tool"),
        ("Matrix[0][0]", 5, 403, "$value of Matrix"),
        ("Tool", {"Number": 5}, 400, "needs Name"),
        ("Tool", {**LIFELESS, "Number": 70000}, 400, "Number"),
        ("Tool", {**LIFELESS, "State": "Broken"}, 400, "none of the machine's Idle, Cutting"),
        ("Tool", {**LIFELESS, "Colour": "red"}, 400, "'Colour' is no field"),
        ("Reading", {"Number": 1.0, "Text": "x"}, 400, "one of its fields"),
        ("Feeds", [1.0] * 9, 400, "takes 8 items, not 9"),
        ("Feeds", 1.0, 400, "an array"),
        ("Feeds", [1.0, "fast"], 400, "[1]"),
        ("Matrix", [[1, 2], [3]], 400, "one length"),
        ("Matrix", [1, 2], 400, "an array"),
        ("EURange", {"min": 1.0}, 400, "both bounds"),
        ("Options", ["Radio"], 400, "none of the machine's Coolant"),
        ("Image", {"contentType": "image/png", "value": "AQID"}, 400, "image/gif"),
        ("Owner", "nsu=urn:nowhere;s=X", 400, "no namespace"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_reason_and_changes_nothing(
    client: AasClient, name: str, value: Any, status: int, told: str
) -> None:
    response = client.write(SUBMODEL, name, value)

    assert response.status_code == status, response.text
    assert told in response.text
    whole = name.partition(".")[0].partition("[")[0]
    assert client.read(SUBMODEL, whole).value == VALUES[whole]


def test_a_type_that_nothing_announced_is_asked_for(
    client: AasClient, machine: TypesMachine
) -> None:
    machine.set("Anything", {"number": 1, "name": "none of X and Y", "state": 0})
    client.read_when(SUBMODEL, "Anything", lambda reading: reading.is_bad)
    report = client.connection_when("types", lambda report: report["BindingsFailing"] == 1)

    assert "Number, Name, State" in str(report)
    assert client.read(SUBMODEL, "Anything").value == VALUES["Anything"]

    assert client.read(SUBMODEL, "Text").is_good


def test_a_value_of_megabytes_is_bad_and_the_last_one_stays(
    client: AasClient, machine: TypesMachine
) -> None:
    machine.set("Text", 2_000_000)
    reading = client.read_when(SUBMODEL, "Text", lambda reading: reading.is_bad)

    assert reading.quality == "bad;status=BadEncodingLimitsExceeded"
    assert reading.value == "short"

    machine.set("Text", 5)
    client.read_when(SUBMODEL, "Text", lambda reading: reading.value == "xxxxx")


def test_a_document_that_is_put_back_as_it_was_read_loses_nothing(
    client: AasClient, machine: TypesMachine
) -> None:
    path = f"/submodels/{encoded(SUBMODEL)}"
    document = client.get(path)

    assert client.http.put(path, json=document).status_code == 204

    life = {"number": 7, "name": "Drill", "state": 1, "life": 3.5}
    machine.set("Tools", [life])
    client.read_when(SUBMODEL, "Tools", lambda reading: reading.value[0].get("Life") == 3.5)
    machine.set("Reading", {"text": "after"})
    client.read_when(SUBMODEL, "Reading", lambda reading: reading.value == {"Text": "after"})
    time.sleep(0.1)
    assert client.read(SUBMODEL, "Reading").is_good
