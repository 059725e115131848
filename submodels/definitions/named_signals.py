"""Signals known by name: concepts that signals of machines of any vendor can stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from submodels.authoring.declaration import Concept, Meaning, Text, Unit, concept_id
from submodels.definitions.operational_data import TEMPLATE
from submodels.definitions.quantities import (
    CELSIUS,
    KILOWATT,
    MEGAPASCAL,
    MILLIMETRE_PER_SECOND,
    PER_SECOND,
    PERCENT,
    SECOND,
)


@dataclass(frozen=True, slots=True)
class NamedSignal:
    """A signal's concept, its kind of quantity and what other dictionaries call the same.

    Without a unit its value is a text.
    """

    concept: Concept
    kind: str
    further_ids: tuple[str, ...] = ()


def _signal(
    name: str, meaning: Meaning, kind: str, unit: Unit | None, *further_ids: str
) -> NamedSignal:
    data_type = "STRING" if unit is None else "REAL_MEASURE"
    identifier = concept_id(f"{TEMPLATE.id_short}/{name}")
    return NamedSignal(Concept(identifier, name, meaning, data_type, unit), kind, further_ids)


_TEMPERATURE: Final = "Temperature"

DRIVE_SPEED: Final = _signal(
    "DriveSpeed",
    Meaning(
        "Drive speed",
        "Drehzahl des Antriebs",
        "Rotational frequency of the main drive's shaft.",
        "Drehfrequenz der Welle des Hauptantriebs.",
    ),
    "Rotational frequency",
    PER_SECOND,
)
DRIVE_TEMPERATURE: Final = _signal(
    "DriveTemperature",
    Meaning(
        "Drive temperature",
        "Temperatur des Antriebs",
        "Temperature of the main drive at its winding or bearing.",
        "Temperatur des Hauptantriebs an Wicklung oder Lager.",
    ),
    _TEMPERATURE,
    CELSIUS,
)
VIBRATION: Final = _signal(
    "Vibration",
    Meaning(
        "Vibration",
        "Schwingung",
        "Root mean square of the vibration velocity at the main drive's bearing.",
        "Effektivwert der Schwinggeschwindigkeit am Lager des Hauptantriebs.",
    ),
    "Vibration velocity",
    MILLIMETRE_PER_SECOND,
)
POWER_CONSUMPTION: Final = _signal(
    "PowerConsumption",
    Meaning(
        "Power consumption",
        "Leistungsaufnahme",
        "Electrical active power that the machine takes from the mains.",
        "Elektrische Wirkleistung, die die Maschine aus dem Netz aufnimmt.",
    ),
    "Active power",
    KILOWATT,
    "0173-1#02-AAZ820#001",
)
CYCLE_TIME: Final = _signal(
    "CycleTime",
    Meaning(
        "Cycle time",
        "Zykluszeit",
        "How long the last completed work cycle took.",
        "Dauer des letzten abgeschlossenen Arbeitszyklus.",
    ),
    "Duration",
    SECOND,
)
SPEED_OVERRIDE: Final = _signal(
    "SpeedOverride",
    Meaning(
        "Speed override",
        "Geschwindigkeitsvorgabe",
        "Share of the programmed speed that the machine is told to run at.",
        "Anteil der programmierten Geschwindigkeit, mit dem die Maschine laufen soll.",
    ),
    "Ratio",
    PERCENT,
)
TOOL_WEAR: Final = _signal(
    "ToolWear",
    Meaning(
        "Tool wear",
        "Werkzeugverschleiß",
        "Used share of the life of the tool that is in the spindle.",
        "Verbrauchter Anteil der Standzeit des Werkzeugs in der Spindel.",
    ),
    "Ratio",
    PERCENT,
)
FEED_RATE: Final = _signal(
    "FeedRate",
    Meaning(
        "Feed rate",
        "Vorschubgeschwindigkeit",
        "Speed of the tool along its path through the workpiece.",
        "Geschwindigkeit des Werkzeugs auf seiner Bahn durch das Werkstück.",
    ),
    "Velocity",
    MILLIMETRE_PER_SECOND,
)
JOINT_TEMPERATURE: Final = _signal(
    "JointTemperature",
    Meaning(
        "Joint temperature",
        "Gelenktemperatur",
        "Temperature of the motor of one joint of a robot.",
        "Temperatur des Motors eines Robotergelenks.",
    ),
    _TEMPERATURE,
    CELSIUS,
)
PROGRAM_STATE: Final = _signal(
    "ProgramState",
    Meaning(
        "Program state",
        "Programmzustand",
        "What the interpreter of the machine's program is doing.",
        "Was der Interpreter des Maschinenprogramms gerade tut.",
    ),
    "State",
    None,
)
MELT_TEMPERATURE: Final = _signal(
    "MeltTemperature",
    Meaning(
        "Melt temperature",
        "Schmelzetemperatur",
        "Temperature of the molten plastic before it leaves the nozzle.",
        "Temperatur des geschmolzenen Kunststoffs vor dem Austritt aus der Düse.",
    ),
    _TEMPERATURE,
    CELSIUS,
)
INJECTION_PRESSURE: Final = _signal(
    "InjectionPressure",
    Meaning(
        "Injection pressure",
        "Einspritzdruck",
        "Pressure of the melt in front of the screw.",
        "Druck der Schmelze vor der Schnecke.",
    ),
    "Pressure",
    MEGAPASCAL,
)
SHOT_QUALITY: Final = _signal(
    "ShotQuality",
    Meaning(
        "Shot quality",
        "Schussqualität",
        "How well the last shot's pressure curve followed the reference curve.",
        "Wie gut die Druckkurve des letzten Schusses der Referenzkurve folgte.",
    ),
    "Ratio",
    PERCENT,
)
LINE_SPEED: Final = _signal(
    "LineSpeed",
    Meaning(
        "Line speed",
        "Liniengeschwindigkeit",
        "Packs that leave the line in a second.",
        "Packungen, die die Linie in einer Sekunde verlassen.",
    ),
    "Frequency",
    PER_SECOND,
)

COMMON_SIGNALS: Final = (
    DRIVE_SPEED,
    DRIVE_TEMPERATURE,
    VIBRATION,
    POWER_CONSUMPTION,
    CYCLE_TIME,
    SPEED_OVERRIDE,
)
"""What practically every machine with a main drive has."""

NAMED_SIGNALS: Final = (
    *COMMON_SIGNALS,
    TOOL_WEAR,
    FEED_RATE,
    JOINT_TEMPERATURE,
    PROGRAM_STATE,
    MELT_TEMPERATURE,
    INJECTION_PRESSURE,
    SHOT_QUALITY,
    LINE_SPEED,
)
"""All of them."""


def label(signal: NamedSignal, number: int) -> Text:
    """Return the display name of one of several signals with the same concept."""
    name = signal.concept.meaning.name
    return Text(f"{name.en} {number}", f"{name.de} {number}")
