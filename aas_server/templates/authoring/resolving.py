"""From the source of a template to its elements: types put in, classes found, uses checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from aas_server.metamodel.verification import is_lexical
from aas_server.templates.authoring.source import (
    LIST,
    RANGE,
    STRUCTURES,
    VALUE_TYPES,
    ElementSource,
    TemplateSource,
)
from aas_server.yaml_files.problems import Problem, nearest

Place: TypeAlias = tuple[str | int, ...]

MAX_ELEMENTS: Final = 50_000
"""Elements of a template at most, with its types put in."""
MAX_DEPTH: Final = 48
"""Nesting at most, of elements and of types made of types."""
VARIABLES: Final = {
    "inputs": "inputVariables",
    "outputs": "outputVariables",
    "inoutputs": "inoutputVariables",
}
"""What the source calls the variables of an operation, and what the metamodel does."""

_CONTENT: Final = {
    "collection": "SubmodelElementCollection",
    "items": "SubmodelElementList",
    "statements": "Entity",
    "managed": "Entity",
    "annotations": "AnnotatedRelationshipElement",
    **dict.fromkeys(VARIABLES, "Operation"),
}
"""Keys that say by themselves which class an element has."""
_CHILDREN: Final = ("collection", "statements", "annotations")
_MERGED: Final = (*_CHILDREN, *VARIABLES)
_SCALARS: Final = ("Property",)
_ONLY_FOR: Final[dict[str, tuple[str, ...]]] = {
    "unit": ("Property", "Range"),
    "values": _SCALARS,
    "pattern": ("Property", "MultiLanguageProperty"),
    "allowed_range": ("Property", "Range"),
    "languages": ("MultiLanguageProperty",),
    "initial": _SCALARS,
    "default": _SCALARS,
    "fixed": _SCALARS,
    "content_type": ("File", "Blob"),
    "ordered": ("SubmodelElementList",),
    "direction": ("BasicEventElement",),
    "drop_in": ("SubmodelElementCollection",),
}
_VALUES: Final = ("initial", "default", "fixed")
_TEXTUAL: Final = ("string", "boolean", "anyURI", "base64Binary", "hexBinary", "duration")
_NOT_NUMBERS: Final = (*_TEXTUAL, "dateTime", "date", "time", "gYear", "gYearMonth", "gMonth")
_CLASS: Final = re.compile(r"[A-Za-z0-9]+")
_PLACEHOLDER: Final = re.compile(r"__0+__")


class SourceProblems(Exception):
    """What is wrong in a source, each with its place."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(text for _, text in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Element:
    """An element with its type put in: ``path`` has the names that ids of concepts are made of.

    ``place`` is where it stands in the source; ``variables`` are those of an operation, by the
    metamodel's names. One that ``repeats`` an element above it has no content: it means the same.
    """

    id_short: str
    path: tuple[str, ...]
    source: ElementSource
    model_type: str
    value_type: str
    card: str
    place: Place
    children: tuple[Element, ...] = ()
    variables: Mapping[str, tuple[Element, ...]] = field(default_factory=dict)
    repeats: bool = False

    @property
    def name(self) -> str:
        """Return what the element's concept is called."""
        return self.path[-1]

    def walk(self) -> Iterator[Element]:
        """Yield this element and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()
        for variables in self.variables.values():
            for variable in variables:
                yield from variable.walk()


def resolved(source: TemplateSource) -> tuple[Element, ...]:
    """Return the elements of ``source``; raises ``SourceProblems``."""
    resolving = _Resolving(source)
    elements = resolving.level(source.elements, ("elements",), (), {})
    if resolving.problems:
        raise SourceProblems(resolving.problems)
    return elements


def without_number(id_short: str) -> str:
    """Return an idShort without the mark of a placeholder."""
    return _PLACEHOLDER.sub("", id_short).strip("_-") or id_short


@dataclass(frozen=True, slots=True)
class _Below:
    """What holds for the content of an element: where it stands, its path, the types it is in."""

    place: Place
    path: tuple[str, ...]
    within: Mapping[str, tuple[str, ...]]
    places: Mapping[str, Mapping[str, Place]]


class _Resolving:
    """The types of one source, and the problems found.

    ``within`` has the types that are being put in, with the paths of the elements they make.
    """

    def __init__(self, source: TemplateSource) -> None:
        self._types = source.types
        self._elements = 0
        self.problems: list[Problem] = []

    def level(
        self,
        elements: Mapping[str, ElementSource],
        place: Place,
        path: tuple[str, ...],
        within: Mapping[str, tuple[str, ...]],
        places: Mapping[str, Place] | None = None,
    ) -> tuple[Element, ...]:
        known = places or {}
        return tuple(
            self._element(name, each, known.get(name, (*place, name)), path, within)
            for name, each in elements.items()
        )

    def _element(
        self,
        id_short: str,
        own: ElementSource,
        place: Place,
        path: tuple[str, ...],
        within: Mapping[str, tuple[str, ...]],
        *,
        in_list: bool = False,
    ) -> Element:
        self._require_room(path, place)
        source, used, places = self._with_type(own, place, ())
        above = next((within[name] for name in used if name in within), None)
        model_type, value_type = self._class(source, place)
        self._check(source, model_type, value_type, place)
        called = source.concept or without_number(id_short) or f"{path[-1]}Item"
        here = (*path, called) if above is None else above
        below = _Below(place, here, {**within, **dict.fromkeys(used, here)}, places)
        is_free = in_list and "card" not in source.model_fields_set
        return Element(
            id_short=id_short,
            path=here,
            source=source,
            model_type=model_type,
            value_type=value_type,
            card="ZeroToMany" if is_free else source.card,
            place=place,
            children=() if above is not None else self._children(source, below),
            variables={} if above is not None else self._variables(source, below),
            repeats=above is not None,
        )

    def _children(self, source: ElementSource, below: _Below) -> tuple[Element, ...]:
        for key in _CHILDREN:
            inner = getattr(source, key)
            if inner is not None:
                return self._inner(inner, key, below)
        if source.items is None:
            return ()
        spot = below.places.get("items", {}).get("", (*below.place, "list"))
        return tuple(
            self._element("", each, (*spot, index), below.path, below.within, in_list=True)
            for index, each in enumerate(source.items)
        )

    def _variables(self, source: ElementSource, below: _Below) -> dict[str, tuple[Element, ...]]:
        return {
            name: self._inner(getattr(source, key), key, below)
            for key, name in VARIABLES.items()
            if getattr(source, key) is not None
        }

    def _inner(
        self, inner: Mapping[str, ElementSource], key: str, below: _Below
    ) -> tuple[Element, ...]:
        places = below.places.get(key)
        return self.level(inner, (*below.place, key), below.path, below.within, places)

    def _require_room(self, path: tuple[str, ...], place: Place) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            text = f"with its types put in, the template has more than {MAX_ELEMENTS} elements"
            raise SourceProblems([*self.problems, (place, text)])
        if len(path) > MAX_DEPTH:
            text = f"with its types put in, it is nested more than {MAX_DEPTH} levels deep"
            raise SourceProblems([*self.problems, (place, text)])

    def _with_type(
        self, own: ElementSource, place: Place, seen: tuple[str, ...]
    ) -> tuple[ElementSource, tuple[str, ...], dict[str, dict[str, Place]]]:
        """Return an element with its type put in, the names of types that it is made of, and where
        each part of its content stands.
        """
        places = _places(own, place)
        if own.type is None or own.type not in self._types:
            return own, seen, places
        if len(seen) > MAX_DEPTH:
            text = f"a type is made of types more than {MAX_DEPTH} levels deep"
            raise SourceProblems([*self.problems, ((*place, "type"), text)])
        if own.type in seen:
            chain = " -> ".join((*seen, own.type))
            self.problems.append(((*place, "type"), f"a type cannot be made of itself: {chain}"))
            return own.model_copy(update={"type": None}), seen, places
        base, used, base_places = self._with_type(
            self._types[own.type], ("types", own.type), (*seen, own.type)
        )
        update: dict[str, Any] = {name: getattr(own, name) for name in own.model_fields_set}
        del update["type"]
        for key in _MERGED:
            if key in update and getattr(base, key) is not None:
                update[key] = {**getattr(base, key), **(update[key] or {})}
                places[key] = {**base_places.get(key, {}), **places.get(key, {})}
        for key, inner in base_places.items():
            places.setdefault(key, inner)
        return base.model_copy(update=update), used, places

    def _class(self, source: ElementSource, place: Place) -> tuple[str, str]:
        """Return modelType and valueType of an element."""
        said = {_CONTENT[key] for key in _CONTENT if getattr(source, key) is not None}
        found, value_type = next(iter(said), ""), ""
        kind = source.type
        if kind is not None:
            model_type, value_type = class_of(kind)
            if not model_type:
                known = (*VALUE_TYPES, *STRUCTURES, *self._types)
                text = f"there is no type {kind!r}{nearest(kind, known)}"
                self.problems.append(((*place, "type"), text))
            elif found and model_type != found:
                self.problems.append(((*place, "type"), f"{kind!r} does not go with its content"))
            found = model_type or found
        if not found and kind is None:
            text = "it does not say what it is: give it a type, a collection or a list"
            self.problems.append((place, text))
        if len(said) > 1:
            self.problems.append((place, "it can be one of these only: " + ", ".join(sorted(said))))
        return found or "Property", value_type

    def _check(self, source: ElementSource, model_type: str, value_type: str, place: Place) -> None:
        for name, classes in _ONLY_FOR.items():
            if name in source.model_fields_set and model_type not in classes:
                key = ElementSource.model_fields[name].alias or name
                text = f"{key}: a {model_type} has no such rule, only a {' or '.join(classes)}"
                self.problems.append(((*place, key), text))
        if source.values and source.pattern:
            self.problems.append(((*place, "pattern"), "either values or a pattern, not both"))
        if source.either is not None and _CLASS.fullmatch(source.either) is None:
            text = "either: the name of a class has letters and digits only"
            self.problems.append(((*place, "either"), text))
        if source.allowed_range is not None and value_type.removeprefix("xs:") in _NOT_NUMBERS:
            text = f"range: there are no numbers of type {value_type.removeprefix('xs:')}"
            self.problems.append(((*place, "range"), text))
        if model_type == "Property" and value_type:
            named = [(name, getattr(source, name)) for name in _VALUES]
            named += [("values", each) for each in source.values or ()]
            for name, value in named:
                if value is not None and not is_lexical(value_type, value):
                    text = f"{name}: {value!r} is no {value_type.removeprefix('xs:')}"
                    self.problems.append(((*place, name), text))


def class_of(kind: str) -> tuple[str, str]:
    """Return modelType and valueType of a type, empty where it has none or there is none."""
    if kind in STRUCTURES:
        return STRUCTURES[kind], ""
    if kind in VALUE_TYPES:
        return "Property", f"xs:{kind}"
    if kind.startswith(RANGE) and kind.removeprefix(RANGE).strip() in VALUE_TYPES:
        return "Range", f"xs:{kind.removeprefix(RANGE).strip()}"
    if kind.startswith(LIST) and class_of(kind.removeprefix(LIST).strip())[0]:
        return "SubmodelElementList", ""
    return "", ""


def _places(source: ElementSource, place: Place) -> dict[str, dict[str, Place]]:
    found: dict[str, dict[str, Place]] = {}
    for key in _MERGED:
        content = getattr(source, key)
        if content is not None:
            found[key] = {name: (*place, key, name) for name in content}
    if source.items is not None:
        found["items"] = {"": (*place, "list")}
    return found
