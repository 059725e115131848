"""From names of machines to idShorts (AASd-002, AASd-022)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_LETTERS: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae",
     "ø": "oe", "å": "aa", "Æ": "Ae", "Ø": "Oe", "Å": "Aa", "µ": "u", "°": "deg"}
)  # fmt: skip
_OTHERS: Final = re.compile(r"[^A-Za-z0-9]+")
MAX_LENGTH: Final = 128
"""Characters of an idShort at most (NameType)."""


def id_short(name: str) -> str:
    """Return the idShort that is closest to ``name``: ``Wärmetauscher 1`` is ``Waermetauscher_1``.

    What has no Latin letters or digits is ``Element``.
    """
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    found = _OTHERS.sub("_", plain.encode("ascii", "ignore").decode()).strip("_")
    if not found:
        return "Element"
    if not found[0].isalpha():
        found = f"E_{found}"
    if len(found) == 1:  # the metamodel wants two characters
        return f"{found}_"
    return found[: MAX_LENGTH - 8].rstrip("_")


class Names:
    """The names that are taken on one level; case does not tell two apart (AASd-022)."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.casefold() for name in taken}

    def take(self, *candidates: str) -> str:
        """Return the first candidate that is free, else the last with a number behind it."""
        for candidate in candidates:
            if candidate.casefold() not in self._taken:
                break
        else:
            number = 2
            while f"{candidates[-1]}_{number}".casefold() in self._taken:
                number += 1
            candidate = f"{candidates[-1]}_{number}"
        self._taken.add(candidate.casefold())
        return candidate
