"""Operations of a started server: a stranger's machine, an HTTP service and a plugin do them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.support.processes import POLL_SECONDS
from tests.system.aas_process import AasServer, encoded, serve_arguments
from tests.system.strangers_machine import NAMESPACE, StrangersMachine
from tests.system.strangers_model import connection, write_environment

Node = dict[str, Any]

CONTROL = "urn:stranger:station:Control"
PATIENCE = 30.0


def prop(id_short: str, value_type: str, value: str | None = None) -> Node:
    element = {"modelType": "Property", "idShort": id_short, "valueType": value_type}
    return element if value is None else {**element, "value": value}


def operation(
    id_short: str, inputs: list[Node], outputs: list[Node], delegate: str | None = None
) -> Node:
    element: Node = {"modelType": "Operation", "idShort": id_short}
    if delegate is not None:
        qualifier = {"type": "invocationDelegation", "valueType": "xs:string", "value": delegate}
        element["qualifiers"] = [qualifier]
    for name, variables in (("inputVariables", inputs), ("outputVariables", outputs)):
        if variables:
            element[name] = [{"value": variable} for variable in variables]
    return element


def model(delegate: str) -> Node:
    pressures = {
        "modelType": "SubmodelElementList",
        "idShort": "Pressures",
        "typeValueListElement": "Property",
        "valueTypeListElement": "xs:double",
    }
    return {
        "submodels": [
            {
                "modelType": "Submodel",
                "id": CONTROL,
                "idShort": "Control",
                "submodelElements": [
                    operation(
                        "RunProgram",
                        [prop("Repeat", "xs:int", "1"), prop("Program", "xs:string"), pressures],
                        [prop("Run", "xs:unsignedInt"), prop("Highest", "xs:double")],
                    ),
                    operation("Purge", [prop("Seconds", "xs:double")], []),
                    operation(
                        "Weigh",
                        [prop("Tare", "xs:double", "0.25")],
                        [prop("Weight", "xs:double")],
                        delegate,
                    ),
                    operation("Elsewhere", [], [], "http://192.0.2.1/never"),
                    operation("Add", [prop("Left", "xs:int"), prop("Right", "xs:int")],
                              [prop("Sum", "xs:int")]),
                    operation("Unbound", [], []),
                ],
            }
        ]
    }  # fmt: skip


def plant(machine: StrangersMachine) -> Node:
    def method(name: str, **more: Any) -> Node:
        return {
            "connection": "stranger",
            "object": f"nsu={NAMESPACE};s=Station.Compressor",
            "method": f"nsu={NAMESPACE};s=Station.Compressor.{name}",
            "operation": {"submodel": CONTROL, "path": name},
            **more,
        }

    return {
        "version": 1,
        "connections": {"stranger": connection(machine)},
        "operations": [
            method("RunProgram", inputs=["Program", "Pressures", "Repeat"]),
            method("Purge"),
        ],
    }


class Scales(BaseHTTPRequestHandler):
    """A service as one writes it for BaSyx: OperationVariables in, OperationVariables out."""

    def do_POST(self) -> None:
        (argument,) = json.loads(self.rfile.read(int(self.headers["content-length"])))
        weight = prop("Weight", "xs:double", str(12.5 - float(argument["value"]["value"])))
        body = json.dumps([{"value": weight}]).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def scales() -> Iterator[str]:
    """The host and port of the service."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Scales) as service:
        thread = threading.Thread(target=service.serve_forever)
        thread.start()
        yield f"127.0.0.1:{service.server_port}"
        service.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def plugin(folder: Path) -> Path:
    """A folder with an installed plugin that adds numbers."""
    site = folder / "site"
    info = site / "station_plugin-1.dist-info"
    info.mkdir(parents=True)
    (site / "station_plugin.py").write_text(
        "from aas_server.operations.plugin import operation\n"
        f"@operation(element={CONTROL + '/Add'!r})\n"
        "def add(call):\n"
        "    return {'Sum': call.values['Left'] + call.values['Right']}\n"
    )
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: station-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[aas_server.operations]\nadding = station_plugin:add\n")
    return site


@pytest.fixture(scope="module")
def server(
    folder: Path, machine: StrangersMachine, scales: str, plugin: Path
) -> Iterator[AasServer]:
    file = folder / "plant.yaml"
    file.write_text(yaml.safe_dump(plant(machine)), encoding="utf-8")
    arguments = serve_arguments(
        data=folder / "data",
        load=[write_environment(folder / "control.json", model(f"http://{scales}/weigh"))],
        plant=file,
    )
    environment = {
        **machine.environment,
        "PYTHONPATH": str(plugin),
        "AAS_DELEGATION_HOSTS": scales,
        "AAS_OPERATION_TIMEOUT": "20",
    }
    with AasServer(*arguments, folder=folder / "server", environment=environment) as server:
        connected(server)
        yield server


def connected(server: AasServer) -> None:
    server.client.connection_when("stranger", lambda report: report["State"] == "connected")


def invoke(server: AasServer, path: str, values: Node, **more: Any) -> httpx.Response:
    url = f"/submodels/{encoded(CONTROL)}/submodel-elements/{path}"
    return server.client.http.post(url, json={"inputArguments": values, **more}, timeout=PATIENCE)


def result_of(server: AasServer, accepted: httpx.Response) -> Node:
    """Follow an asynchronous invocation as the UI does: poll its Location to the end."""
    assert accepted.status_code == 202, accepted.text
    location, deadline = accepted.headers["location"], time.monotonic() + PATIENCE
    while True:
        with httpx.Client(base_url=server.client.address, follow_redirects=True) as browser:
            answer: Node = browser.get(location).raise_for_status().json()
        if answer["executionState"] not in ("Initiated", "Running"):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(POLL_SECONDS)


RUN = {"Program": "ISO1217", "Pressures": [4.5, 7.25], "Repeat": 2}


def test_a_machine_of_another_stack_carries_out_an_operation(server: AasServer) -> None:
    response = invoke(server, "RunProgram/invoke/$value", RUN)
    assert response.status_code == 200, response.text
    result = response.json()
    assert (result["executionState"], result["success"]) == ("Completed", True)
    assert result["outputArguments"]["Highest"] == 14.5
    again = invoke(server, "RunProgram/invoke/$value", RUN).json()
    assert again["outputArguments"]["Run"] == result["outputArguments"]["Run"] + 1


def test_a_long_operation_is_followed_by_its_location(server: AasServer) -> None:
    accepted = invoke(server, "Purge/invoke-async/$value", {"Seconds": 1.0})
    with httpx.Client(base_url=server.client.address) as browser:
        running = browser.get(accepted.headers["location"])
    assert (running.status_code, running.json()["executionState"]) == (200, "Running")
    assert result_of(server, accepted) == {"executionState": "Completed", "success": True}


@pytest.mark.parametrize("way", ["invoke", "invoke-async"])
def test_an_operation_that_takes_too_long_is_a_timeout(server: AasServer, way: str) -> None:
    response = invoke(
        server, f"Purge/{way}/$value", {"Seconds": 15}, clientTimeoutDuration="PT0.3S"
    )
    result = response.json() if way == "invoke" else result_of(server, response)
    assert (result["executionState"], result["success"]) == ("Timeout", False)
    assert "0.3 s" in result["messages"][0]["text"]


@pytest.mark.parametrize(
    ("values", "status", "told"),
    [
        ({"Pressures": [1]}, 400, "'Program' (xs:string) is missing"),
        ({**RUN, "Repeat": "twice"}, 400, "inputArguments.Repeat"),
        ({**RUN, "Repeat": 70_000}, 400, "UInt16"),
        ({**RUN, "Repeat": 11}, 400, "BadOutOfRange"),
        ({**RUN, "Pressure": 1}, 400, "inputArguments.Pressure"),
        ({**RUN, "Program": "locked"}, 403, "BadUserAccessDenied"),
    ],
)
def test_wrong_arguments_are_refused_by_us_or_by_the_machine(
    server: AasServer, values: Node, status: int, told: str
) -> None:
    response = invoke(server, "RunProgram/invoke/$value", values)
    assert response.status_code == status, response.text
    assert told in " ".join(message["text"] for message in response.json()["messages"])


def test_a_service_carries_out_an_operation_that_is_delegated_to_it(server: AasServer) -> None:
    result = invoke(server, "Weigh/invoke/$value", {}).json()
    assert result["outputArguments"] == {"Weight": 12.25}
    refused = invoke(server, "Elsewhere/invoke/$value", {})
    assert refused.status_code == 403
    assert "delegation_hosts" in refused.text


def test_a_plugin_carries_out_an_operation(server: AasServer) -> None:
    accepted = invoke(server, "Add/invoke-async/$value", {"Left": 2, "Right": 40})
    result = result_of(server, accepted)
    assert result["outputArguments"] == [{"value": prop("Sum", "xs:int", "42")}]


def test_an_operation_that_nobody_carries_out_says_so(server: AasServer) -> None:
    response = invoke(server, "Unbound/invoke/$value", {})
    assert response.status_code == 405
    assert "plant file" in response.text


def test_a_machine_that_is_killed_is_told_and_works_again_when_it_is_back(
    server: AasServer, machine: StrangersMachine
) -> None:
    accepted = invoke(server, "Purge/invoke-async/$value", {"Seconds": 15})
    machine.process.kill()
    result = result_of(server, accepted)
    assert (result["executionState"], result["success"]) == ("Failed", False)
    assert result["messages"][0]["code"] == "DeviceUnreachable"
    response = invoke(server, "RunProgram/invoke/$value", RUN)
    assert response.status_code == 503
    assert "'stranger'" in response.text

    machine.start("--shuffle-namespaces")
    connected(server)
    assert invoke(server, "RunProgram/invoke/$value", RUN).status_code == 200
