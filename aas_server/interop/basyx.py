"""basyx-python-sdk: what the repository holds as objects of the SDK, and objects as documents.

The SDK reads and writes metamodel 3.1 and does not keep everything: what it refuses and what it
would lose is told. Install the extra ``basyx``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from aas_server.errors import BadRequest, ConfigurationError, Finding
from aas_server.metamodel.differences import differences
from aas_server.metamodel.tree import Node
from aas_server.packages.contents import Contents, PackagedFile
from aas_server.packages.parts import Parts, assign_parts
from aas_server.packages.plan import shown
from aas_server.packages.selection import Selection, files_of
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind

if TYPE_CHECKING:
    from basyx.aas.adapter.aasx import DictSupplementaryFileContainer
    from basyx.aas.model import AbstractObjectStore, DictIdentifiableStore, Identifiable

REFUSED: Final = "basyx-refused"
LOST: Final = "basyx-lost"
"""Codes of findings: a document that the SDK does not take, and what of one it does not keep."""

_MAX_DIFFERENCES: Final = 20
_SOURCE: Final = "basyx-python-sdk"


@dataclass(frozen=True, slots=True)
class BasyxObjects:
    """Objects of the SDK, the files that they name, and what could not come along."""

    objects: DictIdentifiableStore[Identifiable]
    files: DictSupplementaryFileContainer
    findings: list[Finding] = field(default_factory=list)


async def to_basyx(repository: Repository, selection: Selection) -> BasyxObjects:
    """Return the documents of ``selection`` as objects, their files in a container of the SDK.

    A document that the SDK refuses is left out, and told; so is what it does not keep of others.
    Raises ``ConfigurationError`` when the SDK is not installed, and what reading files raises.
    """
    sdk = _sdk()
    parts = assign_parts(files_of(selection))
    made = BasyxObjects(
        sdk.model.DictIdentifiableStore(), sdk.aasx.DictSupplementaryFileContainer()
    )
    for path, entry in parts.files.items():
        content = io.BytesIO()
        async for piece in repository.read_file(entry.content.digest):
            content.write(piece)
        content.seek(0)
        made.files.add_file(path, content, entry.content_type)
    for tree in _trees(selection, parts):
        _add(sdk, made, tree)
    return made


def from_basyx(
    objects: AbstractObjectStore[Any, Identifiable],
    files: DictSupplementaryFileContainer | None = None,
) -> Contents:
    """Return the identifiables in ``objects`` as documents, with ``files``, ready to be imported.

    Raises ``BadRequest`` for an object that the SDK cannot write as JSON.
    """
    sdk = _sdk()
    contents = Contents()
    for each in objects:
        try:
            tree = json.loads(json.dumps(each, cls=sdk.json.AASToJsonEncoder))
        except (TypeError, ValueError) as error:
            raise BadRequest(f"cannot be written as JSON: {error}", path=str(each)) from error
        kind = Kind(tree["modelType"])
        contents.documents[kind].append(tree)
        contents.sources[kind].append(_SOURCE)
    for name in files or ():
        path = "/" + unquote(name).lstrip("/")
        contents.files[path] = _packaged(files, name, path)
    return contents


@dataclass(frozen=True, slots=True)
class _Sdk:
    model: Any
    json: Any
    aasx: Any


def _sdk() -> _Sdk:
    try:
        from basyx.aas import model
        from basyx.aas.adapter import aasx
        from basyx.aas.adapter import json as basyx_json
    except ImportError as error:
        raise ConfigurationError(
            "basyx-python-sdk is not installed: install the extra, aas-server[basyx]"
        ) from error
    return _Sdk(model, basyx_json, aasx)


def _trees(selection: Selection, parts: Parts) -> Iterator[Node]:
    for _, documents in selection.lists():
        for document in documents:
            yield parts.tree(document, selection.tree(document))


def _add(sdk: _Sdk, made: BasyxObjects, tree: Node) -> None:
    path = f"{tree['modelType']} {tree['id']!r}"
    try:
        found = json.loads(json.dumps(tree), cls=sdk.json.StrictAASFromJsonDecoder)
        if not isinstance(found, sdk.model.Identifiable):
            raise TypeError("is no identifiable")
        kept = json.loads(json.dumps(found, cls=sdk.json.AASToJsonEncoder))
    except (KeyError, TypeError, ValueError, sdk.model.AASConstraintViolation) as error:
        made.findings.append(Finding(REFUSED, path, f"the SDK does not take it: {error}"))
        return
    made.objects.add(found)
    for number, each in enumerate(differences(tree, kept)):
        if number == _MAX_DIFFERENCES:
            made.findings.append(Finding(LOST, path, "and more", is_error=False))
            break
        before = "nothing" if each.before is None else shown(each.before)
        after = "nothing" if each.after is None else shown(each.after)
        text = f"{before} becomes {after}"
        made.findings.append(Finding(LOST, f"{path} {each.path}", text, is_error=False))


def _packaged(files: DictSupplementaryFileContainer | None, name: str, path: str) -> PackagedFile:
    if files is None:
        raise ValueError("a name comes from a container")
    content = io.BytesIO()
    files.write_file(name, content)
    body = content.getvalue()
    return PackagedFile(path, len(body), files.get_content_type(name), _opener(body))


def _opener(body: bytes) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    return lambda: io.BytesIO(body)
