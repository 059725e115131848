"""Methods of machines as Operations: which variable is which argument, and its way there and
back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aas_server.bindings.client_values import from_client
from aas_server.bindings.composite_types import shape_back, shape_check
from aas_server.bindings.plant.methods import MethodSettings
from aas_server.bindings.sink_types import ConversionError, refused, sink_check
from aas_server.bindings.wanted import Wanted
from aas_server.errors import AasError, BadRequest, ConfigurationError
from aas_server.live.shapes import COLLECTION, LIST, Shape, filled, shape_of
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.metamodel.tree import Node, resolve
from aas_server.metamodel.views import Extent, Level, value_only
from aas_server.operations.arguments import WrongOutputs, variables
from aas_server.repository.repository import Repository
from aas_server.yaml_files.problems import nearest

_SCALARS: Final = frozenset({"Property", "MultiLanguageProperty"})


@dataclass(frozen=True, slots=True)
class Argument:
    """A variable of an Operation that is an argument of a method: one value, or a list of them.

    ``structure`` is the variable itself, with its shape, where it is a collection or a list of
    collections: a structure of the machine fills it.
    """

    name: str
    model_type: str
    value_type: str | None
    is_list: bool
    structure: tuple[Node, Shape] | None = None

    @property
    def type_name(self) -> str:
        """Return its type as the model names it."""
        name = self.value_type or self.model_type
        return f"{name}[]" if self.is_list else name

    def to_device(self, element: Node, *, place: str) -> Any:
        """Return the value of ``element`` as ``client_values.from_client`` gives it to machines.

        Raises ``BadRequest`` at ``place`` for a value that no machine takes.
        """
        value = value_only(element, Level.DEEP, Extent.WITH_BLOB_VALUE)
        try:
            if self.structure is not None:
                return shape_back(self.structure[1])(value)
            if not self.is_list:
                return from_client(self.model_type, self.value_type, value)
            return [from_client(self.model_type, self.value_type, each) for each in value or ()]
        except ValueError as error:
            raise BadRequest(str(error), path=place) from error

    def to_model(self, value: Any) -> Any:
        """Return a machine's value in the ValueOnly form; raises ``WrongOutputs``."""
        try:
            if not self.is_list:
                return self._checked(value)
            if not isinstance(value, list | tuple):
                raise refused(value, "an array")
            return [self._checked(each) for each in value]
        except ConversionError as error:
            raise WrongOutputs(f"{self.name}: {error}") from error

    def to_element(self, value: Any) -> Node | None:
        """Return a machine's structure as the element in the normal form, None for what is none.

        Raises ``WrongOutputs``.
        """
        if self.structure is None:
            return None
        variable, shape = self.structure
        try:
            return filled(variable, shape, shape_check(shape)(value))
        except ConversionError as error:
            raise WrongOutputs(f"{self.name}: {error}") from error

    def _checked(self, value: Any) -> Any:
        checked = sink_check(self.model_type, self.value_type)(value)
        if self.model_type == "MultiLanguageProperty":
            return [{text["language"]: text["text"]} for text in checked]
        return checked


@dataclass(frozen=True, slots=True)
class Signature:
    """The arguments of a method, in its order."""

    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """One row of the plant file's operations, planned as far as can be.

    ``signature`` is None where there is no model to plan against, or a ``problem`` that says why it
    will not work as things are.
    """

    settings: MethodSettings
    signature: Signature | None = None
    problem: str | None = None


async def plan_methods(wanted: Wanted, repository: Repository) -> list[Method]:
    """Return a method for every Operation that ``wanted`` says is carried out, in its order."""
    submodels = await repository.submodels.find_all(
        {settings.operation.submodel for settings in wanted.methods}
    )
    planned: list[Method] = []
    taken: set[str] = set()
    for settings in wanted.methods:
        try:
            if settings.connection not in wanted.connections:
                raise ConfigurationError(f"unknown connection {settings.connection!r}")
            if settings.operation.name in taken:
                raise ConfigurationError("another row carries out this Operation already")
            taken.add(settings.operation.name)
            identifier = settings.operation.submodel
            submodel = submodels.get(identifier) or await repository.submodels.get(identifier)
            element = resolve(submodel.tree(), parse_id_short_path(settings.operation.path))
            planned.append(Method(settings, signature(settings, element)))
        except AasError as error:
            planned.append(Method(settings, problem=error.text))
    return planned


def signature(settings: MethodSettings, operation: Node) -> Signature:
    """Return how the variables of ``operation`` become the arguments of its method.

    Raises ``ConfigurationError`` for what is no Operation, for names that are none of its
    variables, and for variables that no method takes.
    """
    if operation.get("modelType") != "Operation":
        raise ConfigurationError(
            f"a {operation.get('modelType')} cannot be carried out: name an Operation"
        )
    inouts = variables(operation, "inoutputVariables")
    return Signature(
        _ordered(settings.inputs, {**variables(operation, "inputVariables"), **inouts}),
        _ordered(settings.outputs, {**variables(operation, "outputVariables"), **inouts}),
    )


def _ordered(names: Sequence[str] | None, known: Mapping[str, Node]) -> tuple[Argument, ...]:
    for name in names or ():
        if name not in known:
            raise ConfigurationError(
                f"the Operation has no variable {name!r}{nearest(name, known)}"
            )
    return tuple(_argument(known[name]) for name in (known if names is None else names))


def _argument(variable: Node) -> Argument:
    name, model_type = variable["idShort"], variable["modelType"]
    item = variable.get("typeValueListElement", "")
    if COLLECTION in (model_type, item):
        try:
            structure = variable, shape_of(variable, (name,))
        except BadRequest as error:
            raise ConfigurationError(str(error)) from error
        return Argument(name, COLLECTION, None, is_list=model_type == LIST, structure=structure)
    if model_type == LIST:
        if item in _SCALARS:
            return Argument(name, item, variable.get("valueTypeListElement"), is_list=True)
    elif model_type in _SCALARS:
        return Argument(name, model_type, variable.get("valueType"), is_list=False)
    raise ConfigurationError(
        f"{name!r} is a {model_type}: a method takes and gives Properties, "
        "MultiLanguageProperties, collections (structures) and lists of them"
    )
