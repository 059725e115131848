"""What fills a named signal: the facts that a machine's supplier and its plant know."""

from __future__ import annotations

from collections.abc import Mapping

from submodels.authoring.values import Member, Span, Value, external, live
from submodels.definitions.named_signals import NamedSignal, label

LIVE_PARTS = ("Quality", "StatusCode", "SourceTimestamp", "ReceivedTimestamp")
"""What arrives with every value of a signal."""


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
    member_label = None if number is None else label(signal, number)
    values = _identity(signal) | live(*LIVE_PARTS) | given
    return Member(signal.concept, values, signal.further_ids, member_label)


def recorded_signal(signal: NamedSignal, value: str, facts: Mapping[str, Value]) -> Member:
    """Return a signal with a value in the document, as somebody who polls it would write it."""
    values = _identity(signal) | {_value_name(signal): value} | dict(facts)
    return Member(signal.concept, values, signal.further_ids)


def _identity(signal: NamedSignal) -> dict[str, Value]:
    values: dict[str, Value] = live(_value_name(signal))
    unit = signal.concept.unit
    if unit is not None:
        values["Unit"] = unit.ucum
        if unit.id is not None:
            values["UnitId"] = external(unit.id)
    return values | {"Kind": signal.kind}


def _value_name(signal: NamedSignal) -> str:
    return "ValueText" if signal.concept.unit is None else "Value"
