"""Values of devices that are called something: by a text sink they are shown by that name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class NamedNumber(int):
    """A number with a name, such as a status code or an entry of an enumeration: a text sink shows
    the name, every other one the number.
    """

    name: str

    def __new__(cls, number: int, name: str) -> NamedNumber:
        """Return ``number`` as one that is called ``name``."""
        made = super().__new__(cls, number)
        made.name = name
        return made

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class NamedObject(dict[str, Any]):
    """A device's object that has a text of its own, such as a unit; shown by a text sink."""

    def __init__(self, members: Mapping[str, Any], text: str) -> None:
        super().__init__(members)
        self.text = text
