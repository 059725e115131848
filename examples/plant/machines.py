"""The keys of the machines and how they are run; light enough for who only starts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

PORT_OFFSETS: Final[Mapping[str, int]] = MappingProxyType(
    {"mill": 1, "robot": 2, "moulder": 3, "packer": 4}
)
"""What is added to the base port for each machine."""

DEFAULT_BASE_PORT: Final = 48400


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the simulation runs and how often (in seconds) the values are sampled."""

    time_scale: float = 1.0
    interval: float = 0.2
