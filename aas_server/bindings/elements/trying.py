"""Trying elements as sources: whether they are there and have a value that others can show."""

from __future__ import annotations

from collections.abc import Sequence

from aas_server.bindings.binding import Binding
from aas_server.bindings.conversion import ConversionError
from aas_server.bindings.elements.source import read_source
from aas_server.bindings.feed import converted_value
from aas_server.bindings.method import Method
from aas_server.bindings.plant.elements import ElementBindingSettings, ElementConnectionSettings
from aas_server.bindings.trying import Finding, TrialContext
from aas_server.clock import SystemClock
from aas_server.errors import AasError
from aas_server.live.hub import LiveHub
from aas_server.live.values import BAD_CONFIGURATION_ERROR
from aas_server.metamodel.id_short_path import parse_id_short_path


async def try_elements(
    settings: ElementConnectionSettings,
    bindings: Sequence[Binding],
    methods: Sequence[Method],
    context: TrialContext,
) -> list[Finding]:
    """Return a finding for each of ``bindings`` and ``methods`` (see ``Trial``)."""
    found = [await _try_element(binding, context) for binding in bindings]
    return [*found, *(Finding(False, "an element carries out no method") for _ in methods)]


async def _try_element(binding: Binding, context: TrialContext) -> Finding:
    settings = binding.settings
    if binding.problem is not None:
        return Finding(False, binding.problem)
    if not isinstance(settings, ElementBindingSettings) or context.repository is None:
        return Finding(False, "its source is not known without a model")
    submodel = settings.element.submodel
    documents = await context.repository.submodels.find_all([submodel])
    try:
        path = parse_id_short_path(settings.element.path)
    except AasError as error:
        return Finding(False, str(error))
    source = read_source(documents.get(submodel), path, LiveHub(SystemClock()))
    if source.value is None:
        # One without a value now may have one later, as what a machine feeds.
        is_there = source.status_code != BAD_CONFIGURATION_ERROR
        return Finding(is_there, source.problem or "no value yet")
    try:
        converted = converted_value(binding, source.value)
    except ConversionError as error:
        return Finding(False, f"now {source.value!r}, but {error}")
    return Finding(True, f"now {source.value!r}, shown as {converted!r}")
