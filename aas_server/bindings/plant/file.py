"""Reading a plant file, and its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from aas_server.bindings.fields import PlantModel, Text
from aas_server.bindings.plant.alarms import AlarmSettings
from aas_server.bindings.plant.amqp import AmqpBindingSettings, AmqpConnectionSettings
from aas_server.bindings.plant.base import BindingSettings
from aas_server.bindings.plant.http import HttpBindingSettings, HttpConnectionSettings
from aas_server.bindings.plant.methods import MethodSettings
from aas_server.bindings.plant.mqtt import MqttBindingSettings, MqttConnectionSettings
from aas_server.bindings.plant.opcua import OpcUaBindingSettings, OpcUaConnectionSettings
from aas_server.bindings.plant.overlays import AnyOverlay
from aas_server.yaml_files.problems import Problem, joined, nearest, problems_of
from aas_server.yaml_files.reading import YamlFile

_OPC_UA: Final = "<OPC UA>"
_MQTT: Final = "<MQTT>"
_HTTP: Final = "<HTTP>"
_AMQP: Final = "<AMQP>"
# A tag stands in places of errors only, where no key can be: keys have no angle brackets.

_SCHEMES: Final = {
    "opc.tcp": _OPC_UA,
    "mqtt": _MQTT,
    "mqtts": _MQTT,
    "http": _HTTP,
    "https": _HTTP,
    "amqp": _AMQP,
    "amqps": _AMQP,
}
_SOURCE_KEYS: Final = {
    "node": _OPC_UA,
    "topic": _MQTT,
    "sparkplug": _MQTT,
    "exchange": _AMQP,
    "queue": _AMQP,
    "href": _HTTP,
}
_EXAMPLE: Final = {
    "version": 1,
    "connections": {
        "mill": {"url": "opc.tcp://192.0.2.10:4840/mill", "publishingInterval": "500ms"},
    },
    "bindings": [
        {
            "connection": "mill",
            "node": "nsu=http://vendor.example/UA/;s=Spindle.Speed",
            "sink": {"submodel": "urn:example:mill:OperationalData", "path": "Signals.DriveSpeed"},
            "unit": {"from": "1/min", "to": "1/s"},
        }
    ],
    "operations": [
        {
            "connection": "mill",
            "object": "nsu=http://vendor.example/UA/;s=Jobs",
            "method": "nsu=http://vendor.example/UA/;s=Jobs.Start",
            "operation": {"submodel": "urn:example:mill:JobControl", "path": "StartJob"},
        }
    ],
}


def _protocol_of_connection(content: Any) -> str:
    """Return the tag of the protocol that a connection's URL names; OPC UA for what names none."""
    url = content.get("url") if isinstance(content, Mapping) else getattr(content, "url", None)
    scheme = url.partition("://")[0] if isinstance(url, str) else ""
    return _SCHEMES.get(scheme, _OPC_UA)


def _protocol_of_row(content: Any) -> str:
    """Return the tag of the protocol whose key a row has; OPC UA for one that has none."""
    if isinstance(content, BindingSettings):
        return f"<{content.protocol}>"
    keys = content if isinstance(content, Mapping) else {}
    return next((tag for key, tag in _SOURCE_KEYS.items() if key in keys), _OPC_UA)


AnyConnection: TypeAlias = Annotated[
    Annotated[OpcUaConnectionSettings, Tag(_OPC_UA)]
    | Annotated[MqttConnectionSettings, Tag(_MQTT)]
    | Annotated[AmqpConnectionSettings, Tag(_AMQP)]
    | Annotated[HttpConnectionSettings, Tag(_HTTP)],
    Discriminator(_protocol_of_connection),
]
"""A connection of any protocol, told by the scheme of its URL."""

AnyBinding: TypeAlias = Annotated[
    Annotated[OpcUaBindingSettings, Tag(_OPC_UA)]
    | Annotated[MqttBindingSettings, Tag(_MQTT)]
    | Annotated[AmqpBindingSettings, Tag(_AMQP)]
    | Annotated[HttpBindingSettings, Tag(_HTTP)],
    Discriminator(_protocol_of_row),
]
"""A row of any protocol, told by the key that names its source."""


class PlantFile(PlantModel):
    """The machines of a plant and what of them feeds the model."""

    version: Literal[1] = Field(description="Version of this file's form.")
    connections: dict[Text, AnyConnection] = Field(description="The machines, by a name.")
    bindings: tuple[AnyBinding, ...] = Field((), description="What feeds what.")
    operations: tuple[MethodSettings, ...] = Field(
        (), description="Which method carries out which Operation."
    )
    alarms: tuple[AlarmSettings, ...] = Field(
        (), description="Which list shows the active alarms of which machine."
    )
    overlays: tuple[AnyOverlay, ...] = Field(
        (), description="What interface descriptions (AID) in the repository cannot say."
    )


def load_plant_file(path: Path) -> PlantFile:
    """Return the plant file at ``path``.

    Raises one ``ConfigurationError`` that tells every problem with its ``file:line``.
    """
    file = YamlFile.read(path)
    problems = list(file.problems)
    plant: PlantFile | None = None
    try:
        plant = PlantFile.model_validate(file.content, context={"folder": path.parent})
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        problems += [file.problem(*problem) for problem in problems_of(errors, PlantFile)]
    problems += [file.problem(*problem) for problem in _unknown_connections(file.content)]
    if plant is None or problems:
        raise joined(problems)
    return plant


def plant_file_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a plant file, for editors."""
    schema = PlantFile.model_json_schema(by_alias=True, schema_generator=_SchemaForEditors)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:aas-server:plant-file:1",
        **schema,
        "title": "Plant file of the AAS server",
        "examples": [_EXAMPLE],
    }


class _SchemaForEditors(GenerateJsonSchema):
    """Leaves out the titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _unknown_connections(content: Any) -> Iterator[Problem]:
    """Yield the rows whose connection is not there, as far as the content can be read."""
    if not isinstance(content, dict) or not isinstance(content.get("connections"), dict):
        return
    names = {str(name) for name in content["connections"]}
    for section in ("bindings", "operations", "alarms"):
        rows = content.get(section)
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            name = row.get("connection") if isinstance(row, dict) else None
            if isinstance(name, str) and name and name not in names:
                text = f"unknown connection {name!r}{nearest(name, names)}"
                yield (section, index, "connection"), text
