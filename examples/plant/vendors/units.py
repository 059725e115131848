"""Engineering units as OPC UA tells them: UNECE Recommendation 20 codes (OPC 10000-8, 5.6.4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from asyncua import ua

_UNECE: Final = "http://www.opcfoundation.org/UA/units/un/cefact"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit with its common code, symbol and English name."""

    code: str
    symbol: str
    name: str

    def information(self) -> ua.EUInformation:
        """Return the value of an EngineeringUnits property."""
        return ua.EUInformation(
            NamespaceUri=_UNECE,
            UnitId=int.from_bytes(self.code.encode("ascii"), "big"),
            DisplayName=ua.LocalizedText(self.symbol),
            Description=ua.LocalizedText(self.name),
        )


REVOLUTIONS_PER_MINUTE: Final = Unit("RPM", "r/min", "revolutions per minute")
CELSIUS: Final = Unit("CEL", "°C", "degree Celsius")
FAHRENHEIT: Final = Unit("FAH", "°F", "degree Fahrenheit")
MILLIMETRE_PER_SECOND: Final = Unit("C16", "mm/s", "millimetre per second")
MILLIMETRE_PER_MINUTE: Final = Unit("H81", "mm/min", "millimetre per minute")
INCH_PER_SECOND: Final = Unit("IU", "in/s", "inch per second")
MICROMETRE: Final = Unit("4H", "µm", "micrometre (micron)")
WATT: Final = Unit("WTT", "W", "watt")
HORSEPOWER: Final = Unit("BHP", "BHP", "horse power (brake)")
PER_CENT: Final = Unit("P1", "%", "percent")
PER_MILLE: Final = Unit("NX", "‰", "part per thousand")
BAR: Final = Unit("BAR", "bar", "bar [unit of pressure]")
SECOND: Final = Unit("SEC", "s", "second [unit of time]")
MINUTE: Final = Unit("MIN", "min", "minute [unit of time]")
