"""Alarms and conditions of machines: rows that feed a list of those that are active."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StrictInt, model_validator

from aas_server.bindings.fields import Text
from aas_server.bindings.plant.base import BindingSettings
from aas_server.bindings.plant.methods import OperationElementSettings
from aas_server.bindings.plant.opcua import OPC_UA

_FOREIGN: tuple[str, ...] = ("index", "unit", "scale", "enumeration", "history")


class AlarmSettings(BindingSettings):
    """The conditions that one notifier of a machine tells of, and the list that shows them."""

    protocol: ClassVar[str] = OPC_UA

    notifier: Text = Field(
        "i=2253", description="Node whose events are heard; the server itself when left out."
    )
    event_type: Text = Field(
        "i=2915",
        description="Type of the conditions, its subtypes included; AlarmConditionType when left "
        "out, i=2782 for every kind of condition.",
    )
    minimum_severity: Annotated[StrictInt, Field(ge=0, le=1000)] = Field(
        0, description="Severity, up to 1000, below which a condition is not shown."
    )
    limit: Annotated[StrictInt, Field(ge=1, le=1000)] = Field(
        100, description="Conditions that are shown at most, the most severe and newest first."
    )
    acknowledge: OperationElementSettings | None = Field(
        None, description="Operation that acknowledges a condition."
    )
    confirm: OperationElementSettings | None = Field(
        None, description="Operation that confirms a condition."
    )
    add_comment: OperationElementSettings | None = Field(
        None, description="Operation that adds a comment to a condition."
    )

    @model_validator(mode="after")
    def _only_alarms(self) -> AlarmSettings:
        given = [name for name in _FOREIGN if getattr(self, name) is not None]
        if self.direction != "read":
            given.append("direction")
        if given:
            raise ValueError(f"{', '.join(given)}: does not go with a list of alarms")
        return self

    @property
    def source(self) -> str:
        """Return the notifier and the type of its events."""
        return f"{self.event_type} of {self.notifier}"
