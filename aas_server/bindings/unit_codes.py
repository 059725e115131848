"""Units by their codes of UNECE Recommendation 20, as interface descriptions and machines tell
them.
"""

from __future__ import annotations

from typing import Final

UCUM_BY_CODE: Final = {
    # time, frequency, rotation
    "SEC": "s",
    "MIN": "min",
    "HUR": "h",
    "DAY": "d",
    "C26": "ms",
    "B98": "us",
    "HTZ": "Hz",
    "KHZ": "kHz",
    "MHZ": "MHz",
    "RPM": "1/min",
    "RPS": "1/s",
    # length, area, volume, angle
    "MTR": "m",
    "MMT": "mm",
    "CMT": "cm",
    "KMT": "km",
    "4H": "um",
    "INH": "[in_i]",
    "FOT": "[ft_i]",
    "MTK": "m2",
    "CMK": "cm2",
    "MMK": "mm2",
    "MTQ": "m3",
    "LTR": "L",
    "MLT": "mL",
    "DD": "deg",
    "C81": "rad",
    # velocity, flow
    "MTS": "m/s",
    "C16": "mm/s",
    "2X": "m/min",
    "KMH": "km/h",
    "MQH": "m3/h",
    "L2": "L/min",
    "KGS": "kg/s",
    # mass, force, torque, pressure
    "KGM": "kg",
    "GRM": "g",
    "MGM": "mg",
    "TNE": "t",
    "NEW": "N",
    "B47": "kN",
    "NU": "N.m",
    "PAL": "Pa",
    "HPA": "hPa",
    "KPA": "kPa",
    "MPA": "MPa",
    "BAR": "bar",
    "MBR": "mbar",
    "PS": "[psi]",
    # temperature, electricity, energy, power
    "CEL": "Cel",
    "FAH": "[degF]",
    "KEL": "K",
    "VLT": "V",
    "2Z": "mV",
    "KVT": "kV",
    "AMP": "A",
    "4K": "mA",
    "OHM": "Ohm",
    "WTT": "W",
    "KWT": "kW",
    "MAW": "MW",
    "JOU": "J",
    "KJO": "kJ",
    "WHR": "W.h",
    "KWH": "kW.h",
    "MWH": "MW.h",
    # ratios
    "P1": "%",
    "C62": "1",
}
"""UCUM codes of the units that are common in plants, by UNECE code."""

_OTHER_NAMES: Final = {
    "degC": "Cel",
    "°C": "Cel",
    "degF": "[degF]",
    "°F": "[degF]",
    "l": "L",
    "l/min": "L/min",
    "m²": "m2",
    "m³": "m3",
    "m³/h": "m3/h",
    "µm": "um",
    "μm": "um",
    "Nm": "N.m",
    "Wh": "W.h",
    "kWh": "kW.h",
    "MWh": "MW.h",
    "rpm": "1/min",
    "psi": "[psi]",
    "Ω": "Ohm",
    "°": "deg",
}
"""Names that people give to these units."""


def ucum_of(unit: str) -> str | None:
    """Return the UCUM code of a unit that is told by its UNECE code, its UCUM code or a usual name.

    None for every other text, though it may be readable as a unit: ``Grad`` is no gigaradian.
    """
    text = unit.strip()
    if text in _UCUM:
        return text
    return UCUM_BY_CODE.get(text) or _OTHER_NAMES.get(text)


_UCUM: Final = frozenset(UCUM_BY_CODE.values())
