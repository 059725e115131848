"""Units by their codes of UNECE Recommendation 20, in which OPC UA tells them, and in UCUM."""

from __future__ import annotations

from typing import Final

from aas_server.bindings.opcua.address_space import Unit
from aas_server.bindings.unit_codes import UCUM_BY_CODE

_UCUM: Final = {
    **UCUM_BY_CODE,
    "C47": "ns", "C97": "1/s", "C45": "nm", "CMQ": "cm3", "MMQ": "mm3", "H81": "mm/min",
    "IU": "[in_i]/s", "MSK": "m/s2", "2A": "rad/s", "E96": "deg/s", "E93": "kg/h", "LBR": "[lb_av]",
    "FAR": "F", "BHP": "[HP]", "D46": "V.A", "KVA": "kV.A", "NX": "[ppth]", "59": "[ppm]",
    "2N": "dB", "LUX": "lx",
}  # fmt: skip
"""Those that descriptions are converted by, and more that are only told; what is not here goes by
the symbol that the machine shows.
"""


def ucum(unit: Unit) -> str:
    """Return the UCUM code of a unit, or the machine's own symbol where none is known."""
    return _UCUM.get(unit.code or "", unit.symbol or unit.code or "")


def convertible(unit: Unit) -> str | None:
    """Return the UCUM code of a unit that can be calculated with, None when none is known."""
    return _UCUM.get(unit.code or "")
