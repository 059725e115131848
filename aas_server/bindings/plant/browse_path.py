"""Ways through a server's address space, as people write them: names from the root on."""

from __future__ import annotations

import re
from typing import Final

_STEP: Final = re.compile(
    r"/(?:nsu=(?P<uri>[^;]+);|(?P<index>[0-9]{1,5}):)?(?P<name>(?:[^/&]|&.)+)", re.DOTALL
)
MAX_STEPS: Final = 64


def parse_browse_path(text: str) -> list[tuple[str | int, str]]:
    """Return the steps of ``/0:Objects/nsu=<uri>;Station/...``: namespace (URI or index) and name.

    A ``/`` or ``&`` within a name is written ``&/`` or ``&&`` (OPC 10000-4 A.2). Raises
    ``ValueError`` for a text that is no such path.
    """
    steps: list[tuple[str | int, str]] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or len(steps) == MAX_STEPS:
            raise ValueError(
                f"{text!r} is no path: write /0:Objects/nsu=<namespace URI>;Name/... from the root "
                f"on, {MAX_STEPS} names at most"
            )
        name = re.sub(r"&(.)", r"\1", match["name"], flags=re.DOTALL)
        steps.append((match["uri"] or int(match["index"] or 0), name))
        position = match.end()
    if not steps:
        raise ValueError("a path needs at least one name: /0:Objects/...")
    return steps
