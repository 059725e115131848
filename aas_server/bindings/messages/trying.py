"""What a payload would become, for trials: nothing is fed."""

from __future__ import annotations

from typing import Any, Final

from aas_server.bindings.binding import Binding
from aas_server.bindings.conversion import ConversionError
from aas_server.bindings.feed import converted_value
from aas_server.bindings.messages.extraction import Extraction
from aas_server.bindings.messages.payload import Payload
from aas_server.bindings.plant.messages import MessageBindingSettings
from aas_server.bindings.trying import Finding

_SHOWN: Final = 60


def try_payload(binding: Binding, body: bytes, where: str) -> Finding:
    """Return whether ``body`` has a value for ``binding``; ``where`` says how it came."""
    settings, sink = binding.settings, binding.sink
    if not isinstance(settings, MessageBindingSettings) or sink is None:
        return Finding(True, f"{where}, {len(body)} bytes")
    try:
        value = Extraction(settings, sink).value(Payload(body))
        converted = converted_value(binding, value)
    except ConversionError as error:
        return Finding(False, f"{where}, but {error}")
    except ValueError as error:
        return Finding(False, f"{where}, but {error}")
    return Finding(True, f"{where}, now {_short(value)}, shown as {_short(converted)}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
