"""Units, and the piece counts that production and quality share."""

from __future__ import annotations

from typing import Final

from submodels.authoring.declaration import OPTIONAL, Meaning, Property, Unit

PER_SECOND: Final = Unit("1/s")
CELSIUS: Final = Unit("Cel", "0112/2///62720#UAA033")
MILLIMETRE_PER_SECOND: Final = Unit("mm/s")
KILOWATT: Final = Unit("kW")
KILOWATT_HOUR: Final = Unit("kW.h")
SECOND: Final = Unit("s")
HOUR: Final = Unit("h")
PERCENT: Final = Unit("%", "0112/2///62720#UAA000")
MEGAPASCAL: Final = Unit("MPa", "0112/2///62720#UAA215")

_ISO_22400: Final = "http://www.w3id.org/hsu-aut/ISO22400-2#"

PRODUCED: Final = Property(
    "ProducedQuantity",
    OPTIONAL,
    Meaning(
        "Produced quantity",
        "Produzierte Menge",
        "Pieces made, whether good or not.",
        "Gefertigte Stücke, gute wie schlechte.",
    ),
    semantic_id=f"{_ISO_22400}ProducedQuantity",
    value_type="xs:decimal",
)
GOOD: Final = Property(
    "GoodQuantity",
    OPTIONAL,
    Meaning(
        "Good quantity",
        "Gutmenge",
        "Pieces that meet their requirements.",
        "Stücke, die ihre Anforderungen erfüllen.",
    ),
    semantic_id=f"{_ISO_22400}GoodQuantity",
    value_type="xs:decimal",
)
SCRAP: Final = Property(
    "ScrapQuantity",
    OPTIONAL,
    Meaning(
        "Scrap quantity",
        "Ausschussmenge",
        "Pieces that do not meet their requirements and are not reworked.",
        "Stücke, die ihre Anforderungen nicht erfüllen und nicht nachgearbeitet werden.",
    ),
    semantic_id=f"{_ISO_22400}ScrapQuantity",
    value_type="xs:decimal",
)
