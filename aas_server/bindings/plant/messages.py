"""What rows of MQTT and AMQP share: how a message is read, and how one is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field, StrictInt, field_validator, model_validator

from aas_server.bindings.fields import FilePath, PlantModel, Seconds, Text
from aas_server.bindings.messages.member_path import parse_member_path
from aas_server.bindings.plant.base import BindingSettings, ConnectionSettings
from aas_server.bindings.secret_source import SecretSource

PLACEHOLDER: Final = "{value}"
"""Where a template takes the value."""

LARGEST_PAYLOAD: Final = 32 * 1024 * 1024
"""Bytes of a payload that may be allowed at most."""

PayloadFormat: TypeAlias = Literal["json", "text", "raw"]


def _member_path(text: str) -> str:
    parse_member_path(text)
    return text


Member: TypeAlias = Annotated[Text, AfterValidator(_member_path)]
"""A member path, checked when the file is read."""


class BrokerSettings(ConnectionSettings):
    """What connections to brokers share."""

    user: Text | None = Field(None, description="User name; anonymous when left out.")
    password: SecretSource | None = Field(
        None, description="{env: NAME} or {file: PATH} that holds it; never the password."
    )
    ca: FilePath | None = Field(
        None,
        description="Certificates (PEM) of those who may have issued the broker's; "
        "the system's when left out.",
    )
    certificate: FilePath | None = Field(None, description="Own certificate (PEM).")
    private_key: FilePath | None = Field(
        None, description="Private key (PEM) of the own certificate."
    )
    max_payload: Annotated[StrictInt, Field(ge=1, le=LARGEST_PAYLOAD)] = Field(
        1024 * 1024, description="Bytes of a message at most; larger ones are refused."
    )

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

    @property
    def is_secured(self) -> bool:
        """Return whether the connection is made with TLS."""
        return self.url.partition("://")[0].endswith("s")

    @model_validator(mode="after")
    def _consistent(self) -> BrokerSettings:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password come together")
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and privateKey come together")
        if not self.is_secured and (self.ca or self.certificate):
            raise ValueError("ca and certificate need TLS: the URL begins with mqtts or amqps")
        return self


class PublishSettings(PlantModel):
    """What a client's value becomes when it is published."""

    member: Member | None = Field(
        None, description="Publishes a JSON object with the value as this member."
    )
    template: Text | None = Field(
        None,
        description="Publishes this text with {value} in it replaced; in format json by JSON.",
        examples=['{"command": "set", "value": {value}}'],
    )
    format: Literal["json", "text"] = Field(
        "json", description="How the value is written: as JSON, or as plain text."
    )

    @model_validator(mode="after")
    def _placed(self) -> PublishSettings:
        if self.member is not None and self.template is not None:
            raise ValueError("member and template do not go together: the template has the member")
        if self.member is not None and self.format != "json":
            raise ValueError("a member needs the format json")
        if self.member is not None:
            parse_member_path(self.member).place("0")
        if self.template is not None and PLACEHOLDER not in self.template:
            raise ValueError(f"the template must have {PLACEHOLDER} where the value goes")
        return self


class MessageBindingSettings(BindingSettings):
    """How the messages of a broker feed an element."""

    member: Member | None = Field(
        None,
        description="Member of the JSON payload that is the value; the whole payload by default.",
        examples=["data.temperature", "values[2].v"],
    )
    format: PayloadFormat | None = Field(
        None,
        description="json, text (UTF-8) or raw (bytes); by default json where a member, timestamp "
        "or quality is named, raw for binary elements, else text.",
    )
    timestamp: Member | None = Field(
        None,
        description="Member with the time of the value: ISO 8601, or s, ms, µs, ns since 1970.",
        examples=["ts"],
    )
    quality: Member | None = Field(
        None,
        description="Member with the quality: good, uncertain, bad, a status code, true or false.",
        examples=["status"],
    )
    expected_interval: Annotated[Seconds, Field(ge=0.1, le=31 * 86400)] | None = Field(
        None,
        description="The value is uncertain when no message came for this long; never by default.",
        examples=["10s"],
    )

    @property
    def reads_json(self) -> bool:
        """Return whether a member of the payload is named."""
        return bool(self.member or self.timestamp or self.quality)

    @model_validator(mode="after")
    def _readable(self) -> MessageBindingSettings:
        if self.reads_json and self.format not in (None, "json"):
            raise ValueError(
                f"member, timestamp and quality are of JSON payloads, and format is {self.format}"
            )
        return self
