"""Units: when a value is converted because its description and its sink name different ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aas_server.bindings.aid.mappings import Target
from aas_server.bindings.unit_codes import ucum_of
from aas_server.bindings.units import unit_line
from aas_server.errors import AasError
from aas_server.live.sinks import resolve_sink
from aas_server.metamodel.references import key_values
from aas_server.metamodel.tree import Node, resolve
from aas_server.metamodel.ways import Ways


def unit_conversion(source: str | None, target: str | None) -> dict[str, str] | None:
    """Return the conversion of a value in the unit ``source`` to ``target``, as a plant file says
    it; None where there is nothing to convert, or nothing that is known.

    Units are those of ``unit_codes``. Raises ``ConfigurationError`` when both are known
    and measure different things.
    """
    source, target = (ucum_of(each) if each else None for each in (source, target))
    if source is None or target is None or source == target:
        return None
    return None if unit_line(source, target).is_identity else {"from": source, "to": target}


def concept_of(ways: Ways, target: Target) -> list[str]:
    """Return the ids of the concepts that a sink has, the nearest to its value first; none for a
    sink that is not there. ``ways`` are those of its submodel.
    """
    try:
        submodel = ways.to(target.path)
        sink = resolve_sink(submodel, target.path)
        elements = [resolve(submodel, sink.path), resolve(submodel, target.path)]
    except AasError:
        return []
    found = (key_values(element.get("semanticId")) for element in elements)
    return [values[-1] for values in found if values]


def unit_of(concept: Node) -> str | None:
    """Return the unit of a concept description (IEC 61360), None when it tells none."""
    specifications: Any = concept.get("embeddedDataSpecifications")
    for specification in specifications if isinstance(specifications, list) else ():
        content = specification.get("dataSpecificationContent") or {}
        unit = content.get("unit")
        if isinstance(unit, str) and unit.strip():
            return unit.strip()
    return None


def first_unit(concepts: Iterable[str], units: Mapping[str, str]) -> str | None:
    """Return the first unit that one of ``concepts`` has."""
    return next((units[each] for each in concepts if each in units), None)
