"""The folder of a proposal: what is in it, and what is written into it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from aas_server.bindings.onboarding import interface
from aas_server.bindings.onboarding.lock import FILE_NAME
from aas_server.bindings.onboarding.points import MACHINE
from aas_server.bindings.onboarding.proposal import CONCEPTS, GUIDE, PLANT_FILE, SHELL
from aas_server.bindings.onboarding.submodels import TEMPLATES
from aas_server.errors import ConfigurationError

_DOCUMENTS: Final = (
    SHELL, *TEMPLATES, MACHINE, interface.DESCRIPTION, interface.MAPPING, CONCEPTS,
)  # fmt: skip
_TEXTS: Final = (PLANT_FILE, GUIDE, FILE_NAME)
_MAX_BYTES: Final = 256 * 1024 * 1024


def read_folder(folder: Path, *, has_lock: bool) -> dict[str, Any]:
    """Return the environments of a proposal by file name, and the texts of its other files.

    Raises ``ConfigurationError`` for a document that is no JSON, and, without a lock, for a folder
    that has files by these names: they are not ours to overwrite.
    """
    found: dict[str, Any] = {}
    for name in (*(f"{each}.json" for each in _DOCUMENTS), *_TEXTS):
        file = folder / name
        if not file.is_file():
            continue
        if not has_lock:
            raise ConfigurationError(
                f"there is a {name} already that propose did not write: name another folder",
                path=str(folder),
            )
        found[name] = _read(file)
    return found


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write ``files``, each whole or not at all; the lock last, so that it never knows of more than
    there is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(files, key=lambda each: each == FILE_NAME):
        file = folder / name
        scratch = file.with_name(f".{name}.new")
        with scratch.open("w", encoding="utf-8") as stream:
            stream.write(files[name])
            stream.flush()
            os.fsync(stream.fileno())
        scratch.replace(file)


def _read(file: Path) -> Any:
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise ConfigurationError(f"is larger than {_MAX_BYTES} bytes", path=str(file))
        content = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
        if file.suffix != ".json":
            return content.decode()
        environment = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"cannot be read any more: {error}", path=str(file)) from error
    if not isinstance(environment, dict) or not all(
        isinstance(each, list) for each in environment.values()
    ):
        raise ConfigurationError("is no environment any more", path=str(file))
    return environment
