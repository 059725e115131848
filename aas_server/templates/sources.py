"""Where templates come from: our own, folders of the user's, the submodels in the repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import aas_server
from aas_server.errors import BadRequest, ConfigurationError, Finding
from aas_server.templates.prototype import Template
from aas_server.templates.reading import read_templates

SUFFIXES: Final = (".json", ".xml", ".aasx")
"""The extensions of files that may hold templates."""
MAX_FILES: Final = 10_000
"""Files of a folder at most."""

_ROOT: Final = Path(aas_server.__file__).resolve().parent


def own_templates() -> list[Template]:
    """Return the templates that come with the server: from the wheel, else from the checkout."""
    for folder in (_ROOT / "_submodels", _ROOT.parent / "submodels"):
        if folder.is_dir():
            files = sorted(folder.rglob("template.json"))
            return [each for file in files for each in read_templates(file)[0]]
    return []


def templates_in(paths: Iterable[Path]) -> tuple[list[Template], list[Finding]]:
    """Return the templates in files and folders, whatever else is in them.

    What cannot be read, and what holds no template, is told by a finding that names the file.
    Raises ``ConfigurationError`` for a path that is not there and for a folder of too many files.
    """
    found: list[Template] = []
    findings: list[Finding] = []
    for file in chain.from_iterable(map(_files, paths)):
        try:
            templates, odd = read_templates(file)
        except BadRequest as error:
            findings.append(Finding("unreadable", str(file), error.text))
            continue
        found += templates
        findings += odd
    return found, findings


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
        if len(files) > MAX_FILES:
            raise ConfigurationError(f"holds more than {MAX_FILES} files", path=str(path))
        yield from (file for file in files if file.is_file())
    else:
        raise ConfigurationError("there is no such file or folder", path=str(path))
