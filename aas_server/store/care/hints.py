"""Words for what is found, and for what to do about it."""

from __future__ import annotations

from typing import Final

RESTORE: Final = "put a backup in its place: aas-server store restore BACKUP --force"
COMPACT: Final = "aas-server store compact mends it"
UPLOAD: Final = "delete the file over the API, run aas-server store compact, upload it again"


def counted(count: int, noun: str) -> str:
    """Return how many there are, in words."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
