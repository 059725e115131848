"""The classes, attributes and literals of the specification's ontology (IDTA-01001, RDF).

They are derived from the classes of aas-core: the ontology is generated from the same model. An
attribute has the IRI ``<namespace><class that declares it>/<name>``, a literal of an enumeration
``<namespace><enumeration>/<name>``.
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias, get_args, get_origin, get_type_hints

from aas_core3_1 import types

NAMESPACE: Final = "https://admin-shell.io/aas/3/1/"
NAMESPACE_3_2: Final = "https://admin-shell.io/aas/3/2/"
"""Of what only the draft of 3.2 has."""
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
TYPE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
POSITION: Final = "https://schema.org/position"
"""Where a value stands among those of its property, from 0: a graph has no order by itself."""
OTHER: Final = "urn:aas-server:rdf:other"
"""A JSON object with the members of a document that the ontology has no words for."""

_OF_AAS: Final = re.compile(r"https://admin-shell\.io/aas/3/[0-9]+/")
_CAPITALS: Final = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z]|[0-9]|$)")
_TYPED_IN_JSON: Final = (types.Identifiable, types.SubmodelElement, types.DataSpecificationContent)
"""What has a modelType in JSON; everything else is told by its place."""


@dataclass(frozen=True, slots=True)
class Enumeration:
    """The IRIs of literals by their values in JSON; ``values`` by what follows the namespace."""

    literals: Mapping[str, str]
    values: Mapping[str, str]


Range: TypeAlias = "Enumeration | str"
"""An enumeration, ``STRING``, ``BOOLEAN`` or ``BINARY``, or else the name of a class."""

STRING: Final = "string"
BOOLEAN: Final = "boolean"
BINARY: Final = "base64Binary"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: ``name`` in JSON, ``local`` what follows the namespace in its IRI."""

    name: str
    local: str
    range: Range
    is_list: bool
    namespace: str = NAMESPACE

    @property
    def iri(self) -> str:
        """Return the IRI of the property."""
        return self.namespace + self.local


@dataclass(frozen=True, slots=True)
class Shape:
    """A class: its attributes by name and by ``local``, and the classes that an object of it may
    be of, none of them abstract; ``is_typed`` ones have a modelType in JSON.
    """

    name: str
    attributes: Mapping[str, Attribute]
    properties: Mapping[str, Attribute]
    concrete: frozenset[str]
    is_typed: bool


def local_name(iri: str) -> str | None:
    """Return what follows the namespace of any version 3 of the metamodel, None for a stranger."""
    match = _OF_AAS.match(iri)
    return None if match is None else iri[match.end() :]


def _shapes() -> Iterator[Shape]:
    classes = [each for _, each in inspect.getmembers(types, inspect.isclass) if _is_modelled(each)]
    for each in classes:
        attributes = {attribute.name: attribute for attribute in _attributes(each)}
        yield Shape(
            _renamed(each.__name__),
            MappingProxyType(attributes),
            MappingProxyType({attribute.local: attribute for attribute in attributes.values()}),
            frozenset(
                _renamed(one.__name__)
                for one in classes
                if issubclass(one, each) and not inspect.isabstract(one)
            ),
            is_typed=issubclass(each, _TYPED_IN_JSON),
        )


def _is_modelled(each: type) -> bool:
    return issubclass(each, types.Class) and each is not types.Class


def _attributes(each: type) -> Iterator[Attribute]:
    for argument, hint in _arguments(each).items():
        words = argument.split("_")
        name = words[0] + "".join(word.capitalize() for word in words[1:])
        declaring = [base for base in each.__mro__ if argument in _arguments(base)][-1]
        is_list = get_origin(hint) is list
        yield Attribute(
            name,
            f"{_renamed(declaring.__name__)}/{name}",
            _range(get_args(hint)[0] if is_list else hint),
            is_list,
        )
    if each is types.AdministrativeInformation:
        for name in ("createdAt", "updatedAt"):
            local = f"AdministrativeInformation/{name}"
            yield Attribute(name, local, STRING, is_list=False, namespace=NAMESPACE_3_2)


def _arguments(each: type) -> dict[str, Any]:
    """Return what the constructor of a class takes, None taken off: its attributes."""
    if not _is_modelled(each):
        return {}
    hints = get_type_hints(each.__init__)  # type: ignore[misc]  # only hints are read
    return {
        name: next((one for one in get_args(hint) if one is not type(None)), hint)
        if type(None) in get_args(hint)
        else hint
        for name, hint in hints.items()
        if name != "return"
    }


def _range(hint: Any) -> Range:
    if issubclass(hint, enum.Enum):
        return _enumeration(_renamed(hint.__name__), hint)
    known: dict[Any, str] = {str: STRING, bool: BOOLEAN, bytes: BINARY}
    return known.get(hint) or _renamed(hint.__name__)


def _enumeration(name: str, members: type[enum.Enum]) -> Enumeration:
    literals = {
        str(each.value): f"{NAMESPACE}{name}/{''.join(map(str.capitalize, each.name.split('_')))}"
        for each in members
    }
    if members is types.AssetKind:
        literals["Batch"] = f"{NAMESPACE_3_2}{name}/Batch"
    values = {iri[len(NAMESPACE) :]: value for value, iri in literals.items()}
    return Enumeration(MappingProxyType(literals), MappingProxyType(values))


def _renamed(name: str) -> str:
    """Return the name of a class as the specification spells it: ``DataTypeDefXsd``."""
    return _CAPITALS.sub(lambda found: found[0].capitalize(), name)


SHAPES: Final[Mapping[str, Shape]] = MappingProxyType({each.name: each for each in _shapes()})
"""Every class, abstract ones too, by its name."""
