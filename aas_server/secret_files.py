"""Files that hold one secret each: read when it is needed, never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aas_server.errors import ConfigurationError

MAX_SECRET_BYTES: Final = 65536
"""Bytes of a secret's file at most: a wrong path is noticed before its content goes to a
machine.
"""


def read_secret_file(path: Path) -> str:
    """Return the secret that ``path`` holds now, without a line break at its end.

    Raises ``ConfigurationError`` that names the file when it cannot be read, is empty, too large or
    not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"the file of the secret cannot be read: {error.strerror}", path=str(path)
        ) from error
    if len(content) > MAX_SECRET_BYTES:
        raise ConfigurationError(
            f"the file of the secret has more than {MAX_SECRET_BYTES} bytes", path=str(path)
        )
    try:
        secret = content.decode()
    except UnicodeDecodeError:
        # The original error shows bytes of the secret.
        raise ConfigurationError("the file of the secret is not UTF-8", path=str(path)) from None
    secret = secret.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise ConfigurationError("the file of the secret is empty", path=str(path))
    return secret
