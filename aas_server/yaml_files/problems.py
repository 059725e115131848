"""What is wrong with the content of a file, in words that say what to write instead."""

from __future__ import annotations

import difflib
import itertools
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from pydantic import BaseModel, Tag
from pydantic_core import ErrorDetails

from aas_server.errors import ConfigurationError

Problem = tuple[tuple[str | int, ...], str]
"""Where (keys and indexes from the top of the file) and what."""

_TEXTS: Final = {
    "missing": "the key {key!r} is missing",
    "model_type": "must be a table of keys and values",
    "dict_type": "must be a table of keys and values",
    "tuple_type": "must be a list",
    "string_type": "must be a text: put it in quotes",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "path_type": "must be a path",
    "string_pattern_mismatch": "must match {pattern}",
    "bool_type": "must be true or false",
}
_SHOWN: Final = 100
_MOST_NAMES: Final = 500
_SHOWN_NAMES: Final = 12
_NO_KEY: Final = frozenset({"extra_forbidden", "missing"})


def nearest(name: str, names: Iterable[str]) -> str:
    """Return ``, did you mean 'x'?`` for the nearest of ``names``, or else some of them."""
    known = sorted(itertools.islice(names, _MOST_NAMES))
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f", did you mean {close[0]!r}?"
    return f": there is {', '.join(map(repr, known[:_SHOWN_NAMES]))}" if known else ""


def problems_of(errors: Iterable[ErrorDetails], model: type[BaseModel]) -> Iterator[Problem]:
    """Yield every error that pydantic found in the content of a ``model``."""
    for error in errors:
        location = error["loc"]
        key = str(location[-1]) if location else ""
        if error["type"] == "extra_forbidden":
            known = _keys_beside(location, model)
            yield location, f"unknown key {key!r}{nearest(key, known)}"
            continue
        context = error.get("ctx", {})
        if error["type"] == "value_error":
            text = str(context["error"])
        elif error["type"] in _TEXTS:
            text = _TEXTS[error["type"]].format(key=key, **context)
        else:
            text = error["msg"]
        named = error["type"] not in _NO_KEY and location
        yield location, f"{_shown(location)}: {text}" if named else text


def joined(problems: list[ConfigurationError]) -> ConfigurationError:
    """Return one error that tells all ``problems``, whose paths are ``file:line``, in order."""
    problems.sort(key=lambda problem: int((problem.path or "").rpartition(":")[2]))
    first, *others = problems
    lines = [first.text, *map(str, others[: _SHOWN - 1])]
    if len(problems) > _SHOWN:
        lines.append(f"and {len(problems) - _SHOWN} more")
    return ConfigurationError("\n".join(lines), path=first.path)


def _shown(location: Sequence[str | int]) -> str:
    """Return the last key of ``location``; an index alone says too little."""
    last = location[-1]
    if isinstance(last, int) and len(location) > 1:
        return f"{location[-2]}[{last}]"
    return str(last)


def _keys_beside(location: Sequence[str | int], model: type[BaseModel]) -> list[str]:
    """Return the keys that may stand where the last segment of ``location`` stands."""
    segments = iter(location[:-1])
    for segment in segments:
        field = next(
            (field for field in model.model_fields.values() if field.alias == segment), None
        )
        if field is None:
            continue
        inner, keyed = _inner(field.annotation, location)
        if inner is None:
            return []
        if keyed:
            next(segments, None)
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner(annotation: Any, location: Sequence[str | int]) -> tuple[type[BaseModel] | None, bool]:
    """Return the model inside ``annotation`` and whether a key or an index leads to it.

    Of several that are told apart by tags it is the one whose tag stands in ``location``.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    arguments = typing.get_args(annotation)
    if any(isinstance(each, Tag) and each.tag not in location for each in arguments):
        return None, False
    keyed = typing.get_origin(annotation) in (dict, tuple)
    for argument in arguments:
        found, nested = _inner(argument, location)
        if found is not None:
            return found, keyed or nested
    return None, keyed
