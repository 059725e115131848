"""Member paths: which member of a JSON payload a binding means, as ``values[2].temperature``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

MAX_STEPS: Final = 32
"""Names and indexes of a member path at most."""

_STEP: Final = re.compile(
    r"""\[(?P<index>[0-9]{1,9})\]        # [2]
      | \["(?P<quoted>[^"\\]+)"\]        # ["a.name"], for names with dots and brackets
      | (?P<dot>\.?)(?P<name>[^.\[\]"\s][^.\[\]"]*)
    """,
    re.ASCII | re.VERBOSE,
)
_SHOWN: Final = 10


class MemberMissing(ValueError):
    """A payload that has not the member; the text says what it has instead."""


@dataclass(frozen=True, slots=True)
class MemberPath:
    """The way to one member: names of objects and indexes of arrays, from the outside in."""

    steps: tuple[str | int, ...]

    def find(self, tree: Any) -> Any:
        """Return the member of the decoded JSON ``tree``; raises ``MemberMissing``."""
        node = tree
        for depth, step in enumerate(self.steps):
            try:
                # An array has no names and an object no indexes, whatever Python makes of both.
                if isinstance(node, dict) is not isinstance(step, str):
                    raise _missing(self, depth, node)
                node = node[step]
            except (KeyError, IndexError, TypeError):
                raise _missing(self, depth, node) from None
        return node

    def place(self, value: str) -> str:
        """Return the JSON text of the smallest payload that holds ``value``, a JSON text, here.

        Raises ``ValueError`` when an array is on the way: what its other elements are is unknown.
        """
        text = value
        for step in reversed(self.steps):
            if isinstance(step, int):
                raise ValueError("an element of an array cannot be published on its own")
            text = f"{{{_quoted(step)}: {text}}}"
        return text

    def __str__(self) -> str:
        return _text(self.steps)


def parse_member_path(text: str) -> MemberPath:
    """Return the path that ``text`` says: names with dots between them, indexes in brackets.

    Raises ``ValueError`` for anything else, and for more than ``MAX_STEPS`` steps.
    """
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or (match["name"] and bool(match["dot"]) != bool(steps)):
            raise ValueError(
                f"{text!r} is no member path: names with dots between them and indexes in "
                'brackets, as data.values[2] or ["a.name"].value'
            )
        steps.append(int(match["index"]) if match["index"] else match["quoted"] or match["name"])
        position = match.end()
    if not steps:
        raise ValueError("a member path names at least one member")
    if len(steps) > MAX_STEPS:
        raise ValueError(f"a member path has at most {MAX_STEPS} steps, and this has {len(steps)}")
    return MemberPath(tuple(steps))


def _missing(path: MemberPath, depth: int, node: Any) -> MemberMissing:
    wanted = _text(path.steps[: depth + 1])
    if isinstance(node, dict):
        names = ", ".join(repr(str(name)[:80]) for name in list(node)[:_SHOWN])
        found = f"an object with {names}" if names else "an empty object"
    elif isinstance(node, list):
        found = f"an array of {len(node)}"
    else:
        found = "null" if node is None else f"a {type(node).__name__}"
    place = _text(path.steps[:depth]) or "the payload"
    return MemberMissing(f"the payload has no member {wanted}: {place} is {found}")


def _text(steps: tuple[str | int, ...]) -> str:
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(r'[^.\[\]"\s][^.\[\]"]*', step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def _quoted(name: str) -> str:
    # Names have neither quotes nor backslashes; control characters alone need an escape.
    return '"' + re.sub(r"[\x00-\x1f]", lambda found: f"\\u{ord(found[0]):04x}", name) + '"'
