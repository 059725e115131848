"""Reading environments from files: the identifiables of JSON files and folders, checked for
structure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from aas_server.errors import ConfigurationError
from aas_server.metamodel.structure import structure_issues
from aas_server.metamodel.tree import Node
from aas_server.store.protocol import Kind

_LISTS: Final = {
    "assetAdministrationShells": Kind.SHELL,
    "submodels": Kind.SUBMODEL,
    "conceptDescriptions": Kind.CONCEPT_DESCRIPTION,
}
_SHOWN_ISSUES: Final = 20


def read_environments(paths: Iterable[Path], *, max_bytes: int) -> list[tuple[Kind, Node]]:
    """Return every identifiable in the JSON environments at ``paths``; of a folder, in its *.json.

    Raises ``ConfigurationError`` that names the file, and each place in it that is not as it must
    be. The same id twice in one kind is such an error only when the two documents differ.
    """
    found: dict[tuple[Kind, str], tuple[Node, Path]] = {}
    for file in _files(paths):
        for kind, tree in _identifiables(file, _read(file, max_bytes)):
            first, where = found.setdefault((kind, tree["id"]), (tree, file))
            if first != tree:
                raise ConfigurationError(
                    f"{kind.value} {tree['id']!r} is also in {where}, with other content",
                    path=str(file),
                )
    return [(kind, tree) for (kind, _), (tree, _) in found.items()]


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.json"))
        else:
            yield path


def _read(file: Path, max_bytes: int) -> Any:
    try:
        if file.stat().st_size > max_bytes:
            raise ConfigurationError(
                f"is larger than {max_bytes} bytes (setting max_load_bytes)", path=str(file)
            )
        return msgspec.json.decode(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise ConfigurationError(f"cannot read it: {error.strerror}", path=str(file)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigurationError(f"is not JSON: {error}", path=str(file)) from error


def _identifiables(file: Path, environment: Any) -> Iterator[tuple[Kind, Node]]:
    if not isinstance(environment, dict) or not environment.keys() <= _LISTS.keys():
        raise ConfigurationError(
            f"is no AAS environment: expected an object with {', '.join(_LISTS)}", path=str(file)
        )
    issues: list[str] = []
    for name, documents in environment.items():
        if not isinstance(documents, list):
            issues.append(f"{name}: must be an array")
            continue
        for index, tree in enumerate(documents):
            issues += structure_issues(tree, _LISTS[name].value, f"{name}[{index}]")
    if issues:
        more = len(issues) - _SHOWN_ISSUES
        shown = issues[:_SHOWN_ISSUES] + ([f"and {more} more"] if more > 0 else [])
        raise ConfigurationError(
            "\n  ".join(["is no valid AAS environment:", *shown]), path=str(file)
        )
    for name, documents in environment.items():
        yield from ((_LISTS[name], tree) for tree in documents)
