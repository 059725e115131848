"""Templates written as pydantic models: types and marks become the source that YAML is, too."""

from __future__ import annotations

import enum
import inspect
import types
import typing
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from pydantic import AnyUrl, BaseModel, ValidationError
from pydantic.alias_generators import to_pascal
from pydantic.fields import FieldInfo

from aas_server.errors import ConfigurationError
from aas_server.metamodel.tree import Node
from aas_server.templates.authoring import marks
from aas_server.templates.authoring.compiling import compiled
from aas_server.templates.authoring.resolving import SourceProblems
from aas_server.templates.authoring.source import TemplateSource
from aas_server.yaml_files.problems import problems_of

_TYPES: Final[dict[type, str]] = {
    bool: "boolean",
    int: "long",
    float: "double",
    str: "string",
    Decimal: "decimal",
    datetime: "dateTime",
    date: "date",
    time: "time",
    timedelta: "duration",
    AnyUrl: "anyURI",
    bytes: "blob",
}


def compile_model(model: type[BaseModel]) -> Node:
    """Return the environment with the template that ``model`` stands for.

    Raises ``ConfigurationError`` that names the class and the field.
    """
    try:
        return compiled(source_of(model))
    except SourceProblems as found:
        texts = [f"{_dotted(place)}: {text}" for place, text in found.problems]
        raise ConfigurationError("\n".join(texts), path=model.__name__) from None


def source_of(model: type[BaseModel]) -> TemplateSource:
    """Return the source that ``model`` stands for; raises ``ConfigurationError`` as above.

    A field is an element: its alias, else its name in PascalCase, is the idShort; its type says
    class, valueType and cardinality; marks and its description say the rest.
    """
    told = getattr(model, "template", None)
    if not isinstance(told, marks.TemplateOf):
        text = "has no class variable template = TemplateOf(id=...), so it is no template"
        raise ConfigurationError(text, path=model.__name__)
    head = {
        "template": told.id_short or model.__name__,
        "id": told.id,
        "version": told.version,
        "concepts": told.concepts,
        "templateId": told.template_id,
        "text": _docstring(model),
    }
    content = {name: value for name, value in head.items() if value is not None}
    reading = _Reading()
    content["elements"] = reading.elements(model)
    content["types"] = reading.types
    try:
        return TemplateSource.model_validate(content)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        texts = [f"{_dotted(place)}: {text}" for place, text in problems_of(errors, TemplateSource)]
        raise ConfigurationError("\n".join(texts), path=model.__name__) from None


class _Reading:
    """The models that fields have as their types: each is a type of the source."""

    def __init__(self) -> None:
        self.types: Node = {}
        self._models: dict[str, type[BaseModel]] = {}

    def elements(self, model: type[BaseModel]) -> Node:
        """Return the elements that the fields of ``model`` stand for."""
        return {
            info.alias or to_pascal(name): self._element(info, f"{model.__name__}.{name}")
            for name, info in model.model_fields.items()
        }

    def _element(self, info: FieldInfo, path: str) -> Node:
        found: Node = {"text": {"en": info.description}} if info.description else {}
        kind = next((each.type for each in info.metadata if isinstance(each, marks.Kind)), None)
        bare, is_optional = _without_none(info.annotation)
        found |= {"type": kind} if kind is not None else self._typed(bare, path)
        if is_optional:
            found["card"] = "?"
        return found | _marked(info.metadata)

    def _typed(self, annotation: Any, path: str) -> Node:
        """Return what a type says: the type of a value, a collection, a list, texts."""
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            return self._typed(arguments[0], path) | _marked(arguments[1:])
        if origin is list:
            return {"list": self._item(arguments[0], path)}
        if annotation == dict[str, str]:
            return {"type": "texts"}
        if origin is Literal:
            kind = _TYPES.get(type(arguments[0]), "string")
            return {"type": kind, "values": list(arguments)}
        if inspect.isclass(annotation):
            if issubclass(annotation, BaseModel):
                return {"type": self._type(annotation)}
            if issubclass(annotation, enum.Enum):
                return {"type": "string", "values": [str(each.value) for each in annotation]}
            for known in annotation.__mro__:
                if known in _TYPES:
                    return {"type": _TYPES[known]}
        raise ConfigurationError(f"{annotation!r} is no type of a template", path=path)

    def _item(self, annotation: Any, path: str) -> Node:
        """Return an item of a list, whose concept has the name of its model."""
        item = self._typed(annotation, path)
        if item.get("type") in self.types:
            item["concept"] = item["type"]
        return item

    def _type(self, model: type[BaseModel]) -> str:
        name = model.__name__
        if self._models.setdefault(name, model) is not model:
            raise ConfigurationError("there are two models of this name", path=name)
        if name not in self.types:
            told = _docstring(model)
            found = self.types[name] = {} if told is None else {"text": told}
            found["collection"] = self.elements(model)  # which may come back to the model
        return name


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [each for each in typing.get_args(annotation) if each is not type(None)]
        if len(rest) == 1:
            return rest[0], True
    return annotation, False


def _marked(found: Iterable[Any]) -> Node:
    told: Node = {}
    for mark in found:
        match mark:
            case marks.Unit():
                told["unit"] = {"ucum": mark.ucum, "id": mark.id}
            case marks.SemanticId():
                told |= {"id": mark.id, **({"also": list(mark.also)} if mark.also else {})}
            case marks.Cardinality():
                told["card"] = mark.text
            case marks.AllowedRange():
                told["range"] = mark.text
            case marks.AllowedValue():
                told |= {"values": list(mark.values)} if mark.values else {"pattern": mark.pattern}
            case marks.Example():
                told["example"] = mark.value
            case marks.Languages():
                told["languages"] = list(mark.tags)
            case marks.Name() | marks.Text():
                texts = {"en": mark.en, "de": mark.de}
                key = "name" if isinstance(mark, marks.Name) else "text"
                told[key] = {language: text for language, text in texts.items() if text}
            case marks.Rules():
                told |= mark.keys
    return told


def _docstring(model: type[BaseModel]) -> dict[str, str] | None:
    """Return the first paragraph of a model's own docstring as an English text."""
    text = model.__dict__.get("__doc__")
    return {"en": inspect.cleandoc(text).split("\n\n", 1)[0]} if text else None


def _dotted(place: Iterable[str | int]) -> str:
    """Return the names of fields on the way to a place: ``Drives.Speed.range``."""
    structure = {"elements", "collection", "list"}
    return ".".join(str(each) for each in place if each not in structure)
