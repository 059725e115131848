"""The plant file: which node of which machine feeds which element, and how (YAML, version 1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    Field,
    StrictInt,
    StrictStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.json_schema import GenerateJsonSchema

from aas_server.bindings.fields import FilePath, Number, PlantModel, Seconds, Text
from aas_server.bindings.secret_source import SecretSource
from aas_server.yaml_files.problems import Problem, joined, nearest, problems_of
from aas_server.yaml_files.reading import YamlFile

SecurityPolicy: TypeAlias = Literal[
    "None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"
]
SecurityMode: TypeAlias = Literal["None", "Sign", "SignAndEncrypt"]

_URL: Final = re.compile(
    r"opc\.tcp://(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})(?:/[^\s?#@]*)?",
    re.ASCII,
)
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


def _checked_enumeration(value: Any) -> Any:
    if value == "device" or value is None:
        return value
    if not isinstance(value, dict) or not value:
        raise ValueError(
            "must be 'device' or a table of the device's numbers or texts and the model's texts"
        )
    for key, text in value.items():
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise ValueError(f"{key!r} must be a whole number or a text (in quotes)")
        if not isinstance(text, str):
            raise ValueError(f"the text for {key!r} must be a text: put {text!r} in quotes")
    return value


class SecuritySettings(PlantModel):
    """How a connection is secured, and as whom it speaks."""

    policy: SecurityPolicy = Field("None", description="OPC UA security policy.")
    mode: SecurityMode = Field(
        "SignAndEncrypt",
        description="SignAndEncrypt unless the policy is None.",
    )
    user: Text | None = Field(None, description="User name; anonymous when left out.")
    password: SecretSource | None = Field(
        None,
        description="{env: NAME} or {file: PATH} that holds it; never the password.",
    )
    server_certificate: FilePath | None = Field(
        None,
        description="Certificate (DER or PEM) of the server; no other is accepted.",
    )
    certificate: FilePath | None = Field(
        None, description="Own application certificate (DER or PEM)."
    )
    private_key: FilePath | None = Field(None, description="Private key of the own certificate.")

    @model_validator(mode="before")
    @classmethod
    def _default_mode(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("policy", "None") == "None":
            return {"mode": "None", **data}
        return data

    @field_validator("password", mode="before")
    @classmethod
    def _no_password_in_the_file(cls, value: Any) -> Any:
        if value is not None and not isinstance(value, Mapping | SecretSource):
            raise ValueError(
                "a password does not belong in this file: "
                "name its environment variable, {env: NAME}, or its file, {file: PATH}"
            )
        if isinstance(value, Mapping) and not value.keys() <= {"env", "file"}:
            # Before the check for unknown keys, which would show a password in braces.
            raise ValueError("must be {env: NAME} or {file: PATH}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> SecuritySettings:
        if (self.policy == "None") != (self.mode == "None"):
            raise ValueError(
                f"policy {self.policy} does not go with mode {self.mode}: both are None or neither"
            )
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password come together")
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and privateKey come together")
        return self


class ConnectionSettings(PlantModel):
    """One machine's OPC UA server, and how to talk to it."""

    url: StrictStr = Field(
        description="Endpoint of the server: opc.tcp://host:port[/path].",
        examples=["opc.tcp://127.0.0.1:4840/machine"],
        json_schema_extra={"pattern": r"^opc\.tcp://[^/@\s]+:[0-9]{1,5}(/[^\s?#@]*)?$"},
    )
    security: SecuritySettings = Field(
        default_factory=lambda: SecuritySettings.model_validate({}),
        description="Security; none and anonymous when left out.",
    )
    publishing_interval: Seconds = Field(
        0.5, ge=0.01, le=3600, description="How often the server sends changed values."
    )
    keep_alive_count: StrictInt = Field(
        5, ge=1, le=1000, description="Publishing intervals without news before a sign of life."
    )
    timeout: Seconds = Field(
        4.0,
        ge=0.1,
        le=300,
        description="How long an answer may take at most.",
    )

    @field_validator("url")
    @classmethod
    def _opc_tcp(cls, url: str) -> str:
        match = _URL.fullmatch(url)
        if match is None or not 1 <= int(match["port"]) <= 65535:
            raise ValueError("must be opc.tcp://host:port[/path], without user or password")
        return url


class SinkSettings(PlantModel):
    """The element that a value goes to."""

    submodel: Text = Field(description="Id of the submodel.")
    path: Text = Field(
        description="idShortPath of a Property, a MultiLanguageProperty or a signal collection.",
        examples=["Signals.DriveSpeed"],
    )

    @property
    def name(self) -> str:
        """Return ``submodel id/idShortPath``."""
        return f"{self.submodel}/{self.path}"


class UnitSettings(PlantModel):
    """A conversion of units; names as pint knows them (1/min, degC, in/s) or common UCUM codes."""

    from_: Text = Field(alias="from", description="Unit of the device's value.", examples=["1/min"])
    to: Text = Field(description="Unit of the model's value.", examples=["1/s"])


class ScaleSettings(PlantModel):
    """value * factor + offset, applied before the conversion of units."""

    factor: Number = Field(1.0, description="Not 0.")
    offset: Number = Field(0.0, description="In the unit of the scaled value.")

    @field_validator("factor")
    @classmethod
    def _invertible(cls, factor: float) -> float:
        if factor == 0:
            raise ValueError("must not be 0")
        return factor


class BindingSettings(PlantModel):
    """One node of a machine and the element that it feeds."""

    connection: Text = Field(description="Name of the connection, as under connections.")
    node: Text = Field(
        description="Node id with the namespace's URI: nsu=<uri>;s=<id>, or i=, g=, b=.",
        examples=["nsu=http://vendor.example/UA/;s=Spindle.Speed"],
    )
    sink: SinkSettings = Field(description="Where the value goes.")
    sampling_interval: Annotated[Seconds, Field(ge=0, le=86400)] | None = Field(
        None,
        description="How often the device looks; the publishing interval by default.",
    )
    queue_size: StrictInt = Field(
        1, ge=1, le=100_000, description="Samples that the device keeps between two publishings."
    )
    deadband: Annotated[Number, Field(ge=0)] | None = Field(
        None, description="Smallest change that is sent, absolute, in the device's unit."
    )
    index: Annotated[StrictInt, Field(ge=0, le=2**31 - 1)] | None = Field(
        None, description="Element of an array, the first is 0."
    )
    unit: UnitSettings | None = Field(None, description="Conversion of units.")
    scale: ScaleSettings | None = Field(
        None, description="value * factor + offset, before the conversion of units."
    )
    enumeration: Annotated[
        Literal["device"] | dict[StrictInt | StrictStr, StrictStr] | None,
        BeforeValidator(_checked_enumeration),
    ] = Field(
        None,
        description="Number or text of the device to text of the model; "
        "'device' takes the node's own texts (EnumStrings, EnumValues).",
        examples=["device", {"0": "Off", "1": "Idle"}],
    )
    direction: Literal["read", "readWrite"] = Field(
        "read", description="readWrite lets clients write the element through to the machine."
    )


class OperationElementSettings(PlantModel):
    """The Operation that a method carries out."""

    submodel: Text = Field(description="Id of the submodel.")
    path: Text = Field(description="idShortPath of an Operation.", examples=["StartJob"])

    @property
    def name(self) -> str:
        """Return ``submodel id/idShortPath``."""
        return f"{self.submodel}/{self.path}"


class MethodSettings(PlantModel):
    """One method of a machine and the Operation that it carries out."""

    connection: Text = Field(description="Name of the connection, as under connections.")
    object: Text = Field(
        description="Node id of the object that the method is called on: nsu=<uri>;s=<id>.",
        examples=["nsu=http://vendor.example/UA/;s=Press"],
    )
    method: Text = Field(
        description="Node id of the method: nsu=<uri>;s=<id>.",
        examples=["nsu=http://vendor.example/UA/;s=Press.StartJob"],
    )
    operation: OperationElementSettings = Field(description="What it carries out.")
    inputs: tuple[Text, ...] | None = Field(
        None,
        description="idShorts of the variables in the order of the method's input arguments; "
        "the Operation's input and then its inoutput variables when left out.",
        examples=[["Program", "Quantity"]],
    )
    outputs: tuple[Text, ...] | None = Field(
        None,
        description="idShorts of the variables in the order of the method's output arguments; "
        "the Operation's output and then its inoutput variables when left out.",
        examples=[["JobNumber"]],
    )


class PlantFile(PlantModel):
    """The machines of a plant and what of them feeds the model."""

    version: Literal[1] = Field(description="Version of this file's form.")
    connections: dict[Text, ConnectionSettings] = Field(description="The machines, by a name.")
    bindings: tuple[BindingSettings, ...] = Field((), description="What feeds what.")
    operations: tuple[MethodSettings, ...] = Field(
        (), description="Which method carries out which Operation."
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
    for section in ("bindings", "operations"):
        rows = content.get(section)
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            name = row.get("connection") if isinstance(row, dict) else None
            if isinstance(name, str) and name and name not in names:
                text = f"unknown connection {name!r}{nearest(name, names)}"
                yield (section, index, "connection"), text
