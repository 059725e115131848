"""Recent changes (IDTA-01002 v3.2): what was created or changed since when, without its content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aas_server.api.call import Call
from aas_server.api.documents import document_filter
from aas_server.api.paging import page_of_views, page_response
from aas_server.api.responses import Response
from aas_server.api.shell_descriptors import shell_descriptor_page
from aas_server.clock import to_iso
from aas_server.metamodel.tree import Node
from aas_server.registry.register import Descriptor
from aas_server.repository.document import Document
from aas_server.store.protocol import Kind

_DESCRIPTORS: Final = "shell-descriptors"


async def list_recent_changes(call: Call) -> Response:
    """Answer with a page of what ``createdFrom`` and ``updatedFrom`` let through, in order of
    creation: ids, times, and what the list can be filtered by; of shell descriptors the whole.
    """
    resource = call.operation.path.split("/")[1]
    if resource == _DESCRIPTORS:
        changed = await shell_descriptor_page(call)
        return page_response([_with_times(each) for each in changed.descriptors], changed.cursor)
    kind, about = _KINDS[resource]
    wanted = document_filter(
        call,
        asset_ids=call.query.asset_ids(),
        semantic_id=call.query.reference("semanticId"),
    )
    page = await call.repository.collection(kind).page(
        wanted, limit=call.limit(), cursor=call.query.cursor()
    )
    return page_of_views([_change(each, about) for each in page.documents], page.cursor)


def _change(document: Document, about: Callable[[Node], Node]) -> dict[str, Any]:
    stored = document.stored
    return {
        "id": stored.id,
        "createdAt": to_iso(stored.created),
        "updatedAt": to_iso(stored.updated),
        **about(document.tree()),
    }


def _with_times(descriptor: Descriptor) -> bytes:
    times = to_iso(descriptor.created), to_iso(descriptor.updated)
    return descriptor.body[:-1] + b',"createdAt":"%b","updatedAt":"%b"}' % tuple(
        time.encode() for time in times
    )


def _about_shell(shell: Node) -> Node:
    return _parts(shell.get("assetInformation") or {}, "globalAssetId", "specificAssetIds")


def _about_submodel(submodel: Node) -> Node:
    return _parts(submodel, "semanticId", "supplementalSemanticIds")


def _parts(node: Node, *names: str) -> Node:
    return {name: node[name] for name in names if name in node}


_KINDS: Final[dict[str, tuple[Kind, Callable[[Node], Node]]]] = {
    "shells": (Kind.SHELL, _about_shell),
    "submodels": (Kind.SUBMODEL, _about_submodel),
    "concept-descriptions": (Kind.CONCEPT_DESCRIPTION, lambda _: {}),
}
