"""Signals known by name: the concepts in ``OperationalData/signals.yaml``, and what fills them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aas_server.templates.authoring.compiling import compiled
from aas_server.templates.authoring.source import TemplateSource
from aas_server.yaml_files.reading import YamlFile
from submodels.documents import Json
from submodels.values import Member, Span, Text, Value, external, live

FILE: Final = Path(__file__).resolve().parent / "OperationalData" / "signals.yaml"
LIVE_PARTS: Final = ("Quality", "StatusCode", "SourceTimestamp", "ReceivedTimestamp")
"""What arrives with every value of a signal."""

_TEMPLATE: Final = "urn:aas-server:smt/OperationalData"


@dataclass(frozen=True, slots=True)
class NamedSignal:
    """A signal's concept, its kind of quantity, its unit (UCUM, and its identifier if it has one).

    Without a unit its value is a text; ``concept_ids`` has what other dictionaries call the same.
    """

    name: str
    label: Text
    concept_ids: tuple[str, ...]
    kind: str
    unit: str | None
    unit_id: str | None
    description: Json

    def value_name(self) -> str:
        """Return the element that the value stands in."""
        return "ValueText" if self.unit is None else "Value"


def concepts_of(signals: Mapping[str, Json]) -> list[Json]:
    """Return the descriptions of signals' concepts, given as elements of a template's source."""
    source = {
        "template": "OperationalData",
        "id": f"{_TEMPLATE}/1/0",
        "text": "The template of the signals.",
        "concepts": f"{_TEMPLATE}/{{name}}/1/0",
        "elements": {
            name: {key: value for key, value in signal.items() if key not in ("kind", "also")}
            for name, signal in signals.items()
        },
    }
    found: list[Json] = compiled(TemplateSource.model_validate(source))["conceptDescriptions"]
    return found[1:]  # the template's own concept is not a signal's


def _named_signals() -> dict[str, NamedSignal]:
    content = YamlFile.read(FILE).content
    elements = {
        name: {"type": "double" if "unit" in signal else "string", **signal}
        for name, signal in content.items()
    }
    descriptions = concepts_of(elements)
    return {
        name: _named_signal(name, signal, description)
        for (name, signal), description in zip(content.items(), descriptions, strict=True)
    }


def _named_signal(name: str, signal: Json, description: Json) -> NamedSignal:
    unit = signal.get("unit")
    told = unit if isinstance(unit, dict) else {"ucum": unit}
    return NamedSignal(
        name=name,
        label=Text(**signal["name"]),
        concept_ids=(description["id"], *signal.get("also", ())),
        kind=signal["kind"],
        unit=told["ucum"],
        unit_id=told.get("id"),
        description=description,
    )


NAMED_SIGNALS: Final = _named_signals()
"""All of them, by name."""


def live_signal(
    signal: NamedSignal,
    tag: str,
    sampling: str,
    *,
    physical: Span | None = None,
    normal: Span | None = None,
    warning: Span | None = None,
    accuracy: str | None = None,
    number: int | None = None,
) -> Member:
    """Return a signal whose value a machine delivers.

    Ranges and ``accuracy`` are in the signal's unit, ``sampling`` is an xs:duration, ``number``
    tells apart signals with the same concept.
    """
    facts: dict[str, Value | None] = {
        "PhysicalRange": physical,
        "NormalRange": normal,
        "WarningRange": warning,
        "Accuracy": accuracy,
        "SamplingInterval": sampling,
        "Tag": tag,
    }
    given: dict[str, Value] = {name: fact for name, fact in facts.items() if fact is not None}
    label = signal.label
    if number is not None:
        label = Text(f"{label.en} {number}", f"{label.de} {number}")
    values = _identity(signal) | live(*LIVE_PARTS) | given
    return Member(signal.concept_ids, label, values)


def _identity(signal: NamedSignal) -> dict[str, Value]:
    values: dict[str, Value] = live(signal.value_name())
    if signal.unit is not None:
        values["Unit"] = signal.unit
        if signal.unit_id is not None:
            values["UnitId"] = external(signal.unit_id)
    return values | {"Kind": signal.kind}
