"""The model of the stranger's machine and the plant file that binds it, made by the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.system.strangers_machine import NAMESPACE, PASSWORD_VARIABLE, USER, StrangersMachine

Node = dict[str, Any]

SHELL: Final = "urn:stranger:shell:station"
OPERATIONAL_DATA: Final = "urn:stranger:station:OperationalData"
OPERATIONAL_DATA_TEMPLATE: Final = "urn:aas-server:smt/OperationalData/1/0"
_SIGNAL_TEMPLATE: Final = "urn:aas-server:smt/OperationalData/Signal/1/0"

KEEP_ALIVE_SECONDS: Final = 0.8
"""Of the connections below: publishing interval times keep-alive count."""

_CONNECTION: Final = {"publishingInterval": "200ms", "keepAliveCount": 4, "timeout": "2s"}


def environment(submodel_id: str = OPERATIONAL_DATA) -> Node:
    """Return the station's environment: a shell and its operational data, nothing filled yet."""
    return {
        "assetAdministrationShells": [
            {
                "modelType": "AssetAdministrationShell",
                "id": SHELL,
                "idShort": "CompressorStation",
                "assetInformation": {
                    "assetKind": "Instance",
                    "globalAssetId": "urn:stranger:asset:station",
                },
                "submodels": [
                    {
                        "type": "ModelReference",
                        "keys": [{"type": "Submodel", "value": submodel_id}],
                    }
                ],
            }
        ],
        "submodels": [
            {
                "modelType": "Submodel",
                "id": submodel_id,
                "idShort": "OperationalData",
                "semanticId": _reference(OPERATIONAL_DATA_TEMPLATE),
                "submodelElements": [
                    _collection(
                        "State",
                        _property("OperatingState", "xs:string"),
                        _property("ActiveProgram", "xs:string"),
                    ),
                    _collection(
                        "Signals",
                        _signal("DriveSpeed", "1/s"),
                        _signal("DischargeTemperature", "Cel"),
                        _signal("StageTemperature", "Cel"),
                        _signal("Vibration", "mm/s"),
                        _signal("OilLevel", "%"),
                        _signal("Ghost", "1"),
                        _signal("ProgramState", None),
                    ),
                    _collection("Counters", _property("CycleCount", "xs:unsignedLong")),
                    _collection(
                        "Setpoints",
                        _property("Pressure", "xs:double"),
                        _property("RatedPower", "xs:double"),
                    ),
                    _property("Remark", "xs:string", "as delivered"),
                ],
            }
        ],
    }


def bindings(connection: str = "stranger", submodel_id: str = OPERATIONAL_DATA) -> list[Node]:
    """Return bindings that all work."""

    def bind(node: str, path: str, **options: Any) -> Node:
        return binding(node, path, connection=connection, submodel_id=submodel_id, **options)

    return [
        bind(
            "s=Station.Compressor.MotorSpeed",
            "Signals.DriveSpeed",
            unit={"from": "1/min", "to": "1/s"},
        ),
        bind(
            "s=Station.Compressor.DischargeTemperature",
            "Signals.DischargeTemperature",
            unit={"from": "degF", "to": "degC"},
        ),
        bind("i=5002", "Signals.StageTemperature", index=1),
        bind("i=5005", "Signals.Vibration"),
        bind("i=5003", "Signals.ProgramState", enumeration="device"),
        bind(
            "i=5003",
            "State.OperatingState",
            enumeration={0: "Off", 1: "Idle", 2: "Execute", 3: "Completing", 4: "Aborted"},
        ),
        bind("s=Station.Compressor.Program", "State.ActiveProgram"),
        bind("i=5001", "Counters.CycleCount"),
        bind("i=5010", "Setpoints.Pressure", direction="readWrite"),
        bind("i=5004", "Setpoints.RatedPower", direction="readWrite"),
    ]


def binding(
    node: str,
    path: str,
    *,
    connection: str = "stranger",
    submodel_id: str = OPERATIONAL_DATA,
    **options: Any,
) -> Node:
    """Return one row of a plant file; ``node`` without its namespace."""
    return {
        "connection": connection,
        "node": f"nsu={NAMESPACE};{node}",
        "sink": {"submodel": submodel_id, "path": path},
        "samplingInterval": "100ms",
        **options,
    }


def connection(machine: StrangersMachine, *, pinned: bool = True, **security: Any) -> Node:
    """Return the connection to ``machine``, its certificate pinned or not."""
    pin = {"serverCertificate": str(machine.certificate)} if pinned else {}
    return {
        "url": machine.url,
        "security": {
            "policy": "Basic256Sha256",
            "mode": "SignAndEncrypt",
            "user": USER,
            "password": {"env": PASSWORD_VARIABLE},
            **pin,
            **security,
        },
        **_CONNECTION,
    }


def write_environment(file: Path, *documents: Node) -> Path:
    """Write ``documents`` as one environment, the station's if there are none."""
    merged: Node = {}
    for document in documents or (environment(),):
        for name, identifiables in document.items():
            merged.setdefault(name, []).extend(identifiables)
    file.write_text(json.dumps(merged), encoding="utf-8")
    return file


def write_plant(file: Path, connections: Mapping[str, Node], rows: list[Node]) -> Path:
    """Write a plant file."""
    plant = {"version": 1, "connections": dict(connections), "bindings": rows}
    file.write_text(yaml.safe_dump(plant, sort_keys=False), encoding="utf-8")
    return file


def _reference(identifier: str) -> Node:
    return {
        "type": "ExternalReference",
        "keys": [{"type": "GlobalReference", "value": identifier}],
    }


def _property(id_short: str, value_type: str, value: str | None = None) -> Node:
    filled = {} if value is None else {"value": value}
    return {"modelType": "Property", "idShort": id_short, "valueType": value_type, **filled}


def _collection(id_short: str, *elements: Node) -> Node:
    return {
        "modelType": "SubmodelElementCollection",
        "idShort": id_short,
        "value": list(elements),
    }


def _signal(id_short: str, unit: str | None) -> Node:
    value = [_property("ValueText", "xs:string")]
    if unit is not None:
        value = [_property("Value", "xs:double"), _property("Unit", "xs:string", unit)]
    signal = _collection(
        id_short,
        *value,
        _property("Quality", "xs:string"),
        _property("StatusCode", "xs:unsignedInt"),
        _property("SourceTimestamp", "xs:dateTime"),
        _property("ReceivedTimestamp", "xs:dateTime"),
    )
    return {**signal, "semanticId": _reference(_SIGNAL_TEMPLATE)}
