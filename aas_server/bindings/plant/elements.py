"""Elements of this very repository as sources of others; they come from AIMC submodels only."""

from __future__ import annotations

from typing import ClassVar, Final

from pydantic import Field, StrictStr

from aas_server.bindings.plant.base import BindingSettings, ConnectionSettings, SinkSettings

ELEMENTS: Final = "AAS"

ELEMENTS_CONNECTION: Final = "elements of this server"
"""Name of the one connection of such rows."""


class ElementConnectionSettings(ConnectionSettings):
    """This server's own elements."""

    protocol: ClassVar[str] = ELEMENTS

    url: StrictStr = Field("urn:aas-server:elements", description="Of no machine.")


class ElementBindingSettings(BindingSettings):
    """One element and another one that shows its value."""

    protocol: ClassVar[str] = ELEMENTS

    element: SinkSettings = Field(description="The element that is read.")

    @property
    def source(self) -> str:
        """Return ``submodel id/idShortPath`` of the element that is read."""
        return self.element.name
