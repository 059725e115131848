"""The XML of environments (IDTA-01001, XML serialization) as tables, one for each version.

They are derived from the classes of aas-core, which are generated from the metamodel: members stand
in the order of the schema, which is that of JSON, too.
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType
from typing import Any, Final, ForwardRef, get_args, get_origin

from aas_core3 import types as types_3_0
from aas_core3_1 import types as types_3_1

NAMESPACE: Final = "https://admin-shell.io/aas/3/1"
NAMESPACE_3_0: Final = "https://admin-shell.io/aas/3/0"
ENVIRONMENT: Final = "Environment"
"""The class of the root element."""

_CAPITALS: Final = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z]|[0-9]|$)")
_TYPED_IN_JSON: Final = ("Identifiable", "SubmodelElement", "DataSpecificationContent")
"""What has a modelType in JSON; everything else is told by its place."""


class Form(enum.Enum):
    """How the value of a member stands in XML."""

    TEXT = enum.auto()
    BOOLEAN = enum.auto()
    LITERAL = enum.auto()
    """One of the literals of an enumeration."""
    BINARY = enum.auto()
    """base64."""
    INLINE = enum.auto()
    """The members of an object of one certain class."""
    WRAPPED = enum.auto()
    """An element that is named after the class of the object."""
    LIST = enum.auto()
    """Such elements one after the other."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: ``classes`` are those that a value may be of, by the names of their
    elements; ``literals`` those of an enumeration, each with itself.
    """

    name: str
    form: Form
    is_required: bool
    classes: Mapping[str, str] = field(default_factory=dict)
    literals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grammar:
    """A class: the name of its element, its ``modelType`` if JSON has one, its members in their
    order.
    """

    element: str
    model_type: str | None
    members: Mapping[str, Member]
    required: frozenset[str]


Grammars = Mapping[str, Grammar]
"""Every class that is not abstract, by its name."""


def holds_elements(grammars: Grammars, member: Member) -> bool:
    """Return whether there are submodel elements in the objects of a member: they are of many
    classes and may hold others.
    """
    return len(member.classes) > 1 or any(
        len(inner.classes) > 1
        for each in member.classes.values()
        for inner in grammars[each].members.values()
    )


def _grammars(types: ModuleType) -> Iterator[tuple[str, Grammar]]:
    typed = tuple(getattr(types, name) for name in _TYPED_IN_JSON)
    for each in _modelled(types):
        if inspect.isabstract(each):
            continue
        found = {one.name: one for one in _members(each, types)}
        members = {name: found[name] for name in dict.fromkeys(_declared(each))}
        name = _renamed(each.__name__)
        yield (
            name,
            Grammar(
                _element(name),
                name if issubclass(each, typed) else None,
                MappingProxyType(members),
                frozenset(one.name for one in members.values() if one.is_required),
            ),
        )


def _declared(each: type) -> Iterator[str]:
    """Yield the members of a class in the order of the schema: those of its bases first."""
    for base in each.__bases__:
        yield from _declared(base)
    for attribute in inspect.get_annotations(each):
        yield _camel(attribute)


def _members(each: type, types: ModuleType) -> Iterator[Member]:
    """Yield a member for each argument of the constructor of a class."""
    for argument, hint in inspect.get_annotations(each.__init__).items():  # type: ignore[misc]
        if argument != "return":
            is_required = type(None) not in get_args(hint)
            found = hint if is_required else get_args(hint)[0]
            yield _member(_camel(argument), found, types, is_required=is_required)


def _member(name: str, hint: Any, types: ModuleType, *, is_required: bool) -> Member:
    if simple := _SIMPLE.get(hint):
        return Member(name, simple, is_required)
    is_list = get_origin(hint) is list
    value_type = _resolved(get_args(hint)[0] if is_list else hint, types)
    if issubclass(value_type, enum.Enum):
        literals = {str(each.value): str(each.value) for each in value_type}
        return Member(name, Form.LITERAL, is_required, literals=MappingProxyType(literals))
    concrete = [
        _renamed(each.__name__)
        for each in _modelled(types)
        if issubclass(each, value_type) and not inspect.isabstract(each)
    ]
    classes = MappingProxyType({_element(each): each for each in concrete})
    is_certain = concrete == [_renamed(value_type.__name__)]
    form = Form.LIST if is_list else Form.INLINE if is_certain else Form.WRAPPED
    return Member(name, form, is_required, classes)


def _modelled(types: ModuleType) -> list[type]:
    classes = [each for _, each in inspect.getmembers(types, inspect.isclass)]
    return [each for each in classes if issubclass(each, types.Class)]


def _resolved(hint: Any, types: ModuleType) -> type:
    """Return the class that a hint means.

    ``typing`` would resolve it once for both modules: a name is the same object in each of them.
    """
    name = hint.__forward_arg__ if isinstance(hint, ForwardRef) else hint
    found: type = getattr(types, name) if isinstance(name, str) else name
    return found


def _camel(attribute: str) -> str:
    first, *others = attribute.split("_")
    return first + "".join(map(str.capitalize, others))


def _renamed(name: str) -> str:
    """Return the name of a class as the specification spells it: ``DataSpecificationIec61360``."""
    return _CAPITALS.sub(lambda found: found[0].capitalize(), name)


def _element(class_name: str) -> str:
    return class_name[0].lower() + class_name[1:]


_SIMPLE: Final = {str: Form.TEXT, bool: Form.BOOLEAN, bytes: Form.BINARY}
GRAMMARS: Final[Mapping[str, Grammars]] = MappingProxyType(
    {
        NAMESPACE: MappingProxyType(dict(_grammars(types_3_1))),
        NAMESPACE_3_0: MappingProxyType(dict(_grammars(types_3_0))),
    }
)
"""The classes of each version by its namespace."""
