"""Overlays: what an Asset Interfaces Description cannot say about one of its properties."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pydantic import Field, create_model

from aas_server.bindings.fields import PlantModel, Text
from aas_server.bindings.plant.base import BindingSettings
from aas_server.bindings.plant.http import HttpBindingSettings
from aas_server.bindings.plant.mqtt import MqttBindingSettings
from aas_server.bindings.plant.opcua import OpcUaBindingSettings

ROWS: Final[tuple[type[BindingSettings], ...]] = (
    OpcUaBindingSettings,
    MqttBindingSettings,
    HttpBindingSettings,
)
"""The kinds of rows that interfaces are made into."""

_SAID_BY_THE_MODEL: Final = frozenset({"connection", "sink", "node", "topic", "href", "sparkplug"})
"""What an overlay cannot say, because the description and the mapping do."""


class OverlaySettings(PlantModel):
    """What is added to one property of a description; it stands over what the model says."""

    aid: Text = Field(description="Id of the AID submodel.")
    property: Text = Field(
        description="The interface and the property, by their idShorts, then those of properties "
        "within it: Interface/Property/Member; or the idShortPath.",
        examples=["InterfaceOPCUA/Temperature"],
    )

    def additions(self) -> dict[str, Any]:
        """Return what it says beyond whom it is about, with the keys of a plant file."""
        said = self.model_dump(by_alias=True, exclude_unset=True)
        return {key: value for key, value in said.items() if key not in ("aid", "property")}


def _fields_of_rows() -> dict[str, Any]:
    """Return the fields of all kinds of rows that an overlay may say, none of them required.

    A name that means different things to different protocols takes what any of them takes: the row
    that it is added to decides.
    """
    found: dict[str, Any] = {}
    for row in ROWS:
        for name, info in row.model_fields.items():
            if name in _SAID_BY_THE_MODEL:
                continue
            known = found.get(name)
            if known is None:
                field = copy.copy(info)
                field.default, field.default_factory = None, None
                found[name] = (info.annotation | None, field)  # type: ignore[operator]
            elif known[1].annotation != info.annotation:
                found[name] = (known[0] | info.annotation, known[1])
    return found


if TYPE_CHECKING:
    AnyOverlay: TypeAlias = OverlaySettings
else:
    AnyOverlay = create_model("OverlaySettings", __base__=OverlaySettings, **_fields_of_rows())
    AnyOverlay.__doc__ = OverlaySettings.__doc__
"""An overlay with the keys of all kinds of rows."""
