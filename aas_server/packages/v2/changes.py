"""What a conversion changed: told place by place, the routine of it summed up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from aas_server.errors import Finding
from aas_server.metamodel.rewriting import JsonPath, json_path
from aas_server.metamodel.tree import Node

CONVERTED: Final = "converted"
"""The code of a finding about something that metamodel 3.1 says otherwise, or not at all."""

HINT: Final = "look at the result, or ask the supplier for a package of metamodel 3.x"
"""What to do about any change."""

MAX_CHANGES: Final = 1000
"""Findings about single places of one environment at most."""

_SHOWN: Final = 80


class Changes:
    """The findings of converting one environment; ``document`` is the one at work.

    ``submodel`` is its id when it is a submodel, ``top_names`` are the idShorts at its top: what
    references without a beginning are about.
    """

    def __init__(self) -> None:
        self.document = ""
        self.submodel: str | None = None
        self.top_names: frozenset[str] = frozenset()
        self._places: list[Finding] = []
        self._untold = 0
        self._routine: Counter[str] = Counter()

    def note(self, path: JsonPath, text: str, *, is_loss: bool = False) -> None:
        """Tell of a change at a place of the document at work; ``is_loss`` says that a whole
        document or element of it is not there any more.
        """
        if len(self._places) >= MAX_CHANGES:
            self._untold += 1
            return
        self._places.append(Finding(CONVERTED, self.place(path), text, is_loss))

    def place(self, path: JsonPath) -> str:
        """Return how a place of the document at work is told."""
        return f"{self.document} {json_path(path)}".strip()

    def count(self, text: str) -> None:
        """Sum up a change that says nothing by itself, for it is made everywhere."""
        self._routine[text] += 1

    def findings(self, path: str) -> list[Finding]:
        """Return all findings; ``path`` is the part with the environment, or the file."""
        texts = ["is of metamodel 2.0: was converted to 3.1"]
        texts += [f"{text}: {_times(count)}" for text, count in self._routine.items()]
        found = [Finding(CONVERTED, path, text, False, path, HINT) for text in texts]
        found += [replace(each, part=path, hint=HINT) for each in self._places]
        if self._untold:
            text = f"{self._untold} more changes are not shown here"
            found.append(Finding(CONVERTED, path, text, False, path, HINT))
        return found


class Source:
    """An object of 2.0 on its way: what is taken out of it, and what is left over in the end."""

    def __init__(self, node: Node, path: JsonPath, changes: Changes) -> None:
        self.path = path
        self.changes = changes
        self._left = {name: value for name, value in node.items() if value not in _EMPTY}
        if len(self._left) < len(node):
            changes.count("empty members were left out")

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def note(self, name: str, text: str, *, is_loss: bool = False) -> None:
        """Tell of a change at a member, ``""`` for the object itself."""
        self.changes.note([*self.path, name] if name else self.path, text, is_loss=is_loss)

    def place(self) -> str:
        """Return how the place of the object is told."""
        return self.changes.place(self.path)

    def take(self, *names: str) -> Any:
        """Take the first member with content among ``names``; None without any."""
        return next((self._left.pop(name) for name in names if name in self._left), None)

    def text(self, *names: str) -> str | None:
        """Take a text; numbers and booleans are told as JSON does, anything else is left out."""
        value = self.take(*names)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        self.note(names[0], f"is no text and was left out: {shown(value)}")
        return None

    def word(self, *names: str) -> str | None:
        """Take a text without the blanks around it; None when nothing is left."""
        return (self.text(*names) or "").strip() or None

    def object(self, *names: str) -> Source | None:
        """Take an object."""
        value = self.take(*names)
        if value is None:
            return None
        if isinstance(value, dict):
            return Source(value, [*self.path, names[0]], self.changes)
        self.note(names[0], f"is no object and was left out: {shown(value)}")
        return None

    def part(self, name: str) -> Source:
        """Take a member and return an object that has nothing else."""
        value = self.take(name)
        return Source({} if value is None else {name: value}, self.path, self.changes)

    def objects(self, *names: str) -> Iterator[Source]:
        """Take an array of objects."""
        value = self.take(*names)
        values = value if isinstance(value, list) else [] if value is None else [value]
        for index, each in enumerate(values):
            path = [*self.path, names[0], index]
            if isinstance(each, dict):
                yield Source(each, path, self.changes)
            elif each is not None:
                self.changes.note(path, f"is no object and was left out: {shown(each)}")

    def finish(self) -> None:
        """Tell of every member that was not taken."""
        for name, value in self._left.items():
            self.note(name, f"has no place in metamodel 3.1 and was left out: {shown(value)}")
        self._left.clear()


def shown(value: Any) -> str:
    """Return how a value looks, in short."""
    # Of a large array or object its beginning says enough, and nothing more is made into text.
    text = repr(value) if isinstance(value, str | int | float) else _kind_of(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


def _kind_of(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} values"
    if isinstance(value, dict):
        keys = value.get("keys")
        if isinstance(keys, list) and keys and isinstance(keys[-1], dict):
            return f"a reference to {keys[-1].get('value')!r}"
        identification = value.get("identification")
        return f"an object with {', '.join(map(str, list(value)[:5]))}" + (
            f" of {identification.get('id')!r}" if isinstance(identification, dict) else ""
        )
    return repr(value)
