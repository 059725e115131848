"""The Asset Administration Shell repository (IDTA-01002): shells and what they refer to."""

from __future__ import annotations

from typing import Any

from aas_server.api.call import Call
from aas_server.api.paging import page_of, page_of_views, page_response
from aas_server.api.responses import Response, json_response, view_response
from aas_server.errors import NotFound
from aas_server.metamodel.references import key_values
from aas_server.metamodel.tree import Node
from aas_server.metamodel.views import Content, shell_reference
from aas_server.repository.collection import Filter
from aas_server.repository.document import Document


def list_shells(call: Call) -> Response:
    """Answer with a page of shells, or of references to them."""
    by_reference = call.operation.content is Content.REFERENCE
    if by_reference:
        call.modifiers()
    wanted = Filter(id_short=call.query.one("idShort"), asset_ids=call.query.asset_ids())
    page = call.repository.shells.page(wanted, limit=call.limit(), cursor=call.query.cursor())
    if by_reference:
        return page_of_views([shell_reference(found.id) for found in page.documents], page.cursor)
    return page_response([found.body() for found in page.documents], page.cursor)


def get_shell(call: Call) -> Response:
    """Answer with one shell, or with the reference to it."""
    shell = _shell(call)
    if call.operation.content is Content.REFERENCE:
        call.modifiers()
        return view_response(shell_reference(shell.id))
    return json_response(shell.body())


def get_asset_information(call: Call) -> Response:
    """Answer with the asset that the shell stands for."""
    shell = _shell(call)
    asset: Any = shell.tree().get("assetInformation")
    if asset is None:
        raise NotFound(f"the shell {shell.id!r} has no assetInformation")
    return view_response(asset)


def list_submodel_references(call: Call) -> Response:
    """Answer with a page of the shell's references to submodels."""
    references, cursor = page_of(
        _submodel_references(_shell(call)),
        lambda reference: "\n".join(key_values(reference)),
        limit=call.limit(),
        cursor=call.query.cursor(),
    )
    return page_of_views(references, cursor)


def require_submodel_of_shell(call: Call, submodel_id: str) -> None:
    """Raise ``NotFound`` when the shell in the path does not refer to ``submodel_id``."""
    shell = _shell(call)
    if not any(_refers_to(found, submodel_id) for found in _submodel_references(shell)):
        raise NotFound(f"the shell {shell.id!r} does not refer to the submodel {submodel_id!r}")


def _shell(call: Call) -> Document:
    return call.repository.shells.get(call.identifier("aasIdentifier"))


def _submodel_references(shell: Document) -> list[Node]:
    references: list[Node] = shell.tree().get("submodels") or []
    return references


def _refers_to(reference: Node, submodel_id: str) -> bool:
    return key_values(reference)[-1:] == (submodel_id.strip(),)
