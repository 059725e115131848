"""What is wanted of the bindings, from wherever it was said: the plant file, AID and AIMC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aas_server.bindings.plant.base import BindingSettings, ConnectionSettings
from aas_server.bindings.plant.file import PlantFile
from aas_server.bindings.plant.methods import MethodSettings

PLANT_FILE = "plant file"
"""Origin of what the plant file says."""


@dataclass(frozen=True, slots=True)
class Row:
    """One binding that is wanted; ``origin`` names who wants it. Equal rows are one."""

    settings: BindingSettings
    origin: str = PLANT_FILE


@dataclass(frozen=True, slots=True)
class Refused:
    """A binding that was wanted in a form that cannot become a row, and why.

    ``connection`` is None where not even that is known; ``source`` and ``sink`` are what was said.
    """

    connection: str | None
    source: str
    sink: str
    origin: str
    reason: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """All connections, rows and methods that are wanted; of rows for one element the first
    counts.
    """

    connections: Mapping[str, ConnectionSettings] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    methods: tuple[MethodSettings, ...] = ()
    refused: tuple[Refused, ...] = ()

    @classmethod
    def of_plant(cls, plant: PlantFile) -> Wanted:
        """Return what a plant file wants."""
        rows = tuple(Row(settings) for settings in (*plant.bindings, *plant.alarms))
        return cls(plant.connections, rows, plant.operations)

    def with_more(self, other: Wanted) -> Wanted:
        """Return this and ``other``; of two connections of one name this one's counts."""
        return Wanted(
            {**other.connections, **self.connections},
            self.rows + other.rows,
            self.methods + other.methods,
            self.refused + other.refused,
        )
