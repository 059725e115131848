"""asyncua's value types from plain ones; it annotates with wrapper classes that it never makes."""

from __future__ import annotations

from typing import Any, cast

from asyncua import ua

from examples.plant.vendors.description import Identifier


def node_id(identifier: Identifier, namespace: int = 0) -> ua.NodeId:
    """Return a node id; the style follows the identifier's type."""
    return ua.NodeId(cast("Any", identifier), cast("Any", namespace))


def status_code(code: int) -> ua.StatusCode:
    """Return a status code."""
    return ua.StatusCode(cast("Any", code))
