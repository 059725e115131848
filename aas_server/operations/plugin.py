"""For plugins: how a Python function becomes what an Operation does.

A package declares an entry point of the group ``aas_server.operations``; its name is a label, its
object what ``operation`` made, or a list of these::

    [project.entry-points."aas_server.operations"]
    recipes = "my_plant.operations:add_recipe"

    @operation(semantic_id="https://example.com/operations/AddRecipe")
    def add_recipe(call: OperationCall) -> dict[str, object]:
        number = store(call.values["Name"], call.values["Steps"])
        return {"RecipeNumber": number}

The function gets an ``OperationCall`` and returns the outputs by idShort in the ValueOnly form, an
``OperationOutcome``, or None. Plain functions run in a thread, coroutine functions in the event
loop. ``OperationFailed`` tells the caller that it did not succeed; any other error that is no
``AasError`` is a defect: the caller gets a correlation id, the log the traceback.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import Node
from aas_server.operations.executor import (
    Message,
    OperationCall,
    OperationFailed,
    OperationOutcome,
)

__all__ = [
    "ENTRY_POINT_GROUP",
    "Message",
    "OperationCall",
    "OperationFailed",
    "OperationOutcome",
    "PluginOperation",
    "operation",
]

ENTRY_POINT_GROUP: Final = "aas_server.operations"


@dataclass(frozen=True, slots=True)
class PluginOperation:
    """A function and the Operations that it carries out.

    ``semantic_id`` is the value of any key of the Operation's semanticId or one of its
    supplemental ones; ``element`` is ``submodel id/idShortPath``.
    """

    function: Callable[[OperationCall], Any]
    semantic_id: str | None = None
    element: str | None = None

    def __post_init__(self) -> None:
        if (self.semantic_id is None) == (self.element is None):
            raise TypeError("@operation needs one of semantic_id and element")

    @property
    def label(self) -> str:
        """Return the function's name, as the log shows it."""
        return f"{self.function.__module__}.{getattr(self.function, '__qualname__', '?')}"

    def matches(self, submodel_id: str, path: IdShortPath, operation: Node) -> bool:
        """Return whether this function carries out the Operation at ``path``."""
        if self.element is not None:
            return self.element == f"{submodel_id}/{format_id_short_path(path)}"
        references = [
            operation.get("semanticId"),
            *(operation.get("supplementalSemanticIds") or ()),
        ]
        return any(
            key.get("value") == self.semantic_id
            for reference in references
            if reference
            for key in reference.get("keys") or ()
        )


def operation(
    *, semantic_id: str | None = None, element: str | None = None
) -> Callable[[Callable[[OperationCall], Any]], PluginOperation]:
    """Make a function the executor of all Operations with ``semantic_id``, or of one ``element``.

    ``element`` is ``submodel id/idShortPath``. Raises ``TypeError`` unless exactly one is given.
    """

    def decorate(function: Callable[[OperationCall], Any]) -> PluginOperation:
        return PluginOperation(function, semantic_id, element)

    return decorate
