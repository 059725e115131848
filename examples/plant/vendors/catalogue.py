"""The four vendors by the key of their machine."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from examples.plant.vendors.description import Vendor
from examples.plant.vendors.mill import MILL
from examples.plant.vendors.moulder import MOULDER
from examples.plant.vendors.packer import PACKER
from examples.plant.vendors.robot import ROBOT

VENDORS: Final[Mapping[str, Vendor[Any]]] = MappingProxyType(
    {vendor.key: vendor for vendor in (MILL, ROBOT, MOULDER, PACKER)}
)
