"""The Asset Administration Shell repository (IDTA-01002): shells and what they refer to."""

from __future__ import annotations

from typing import Any

from aas_server.api.bodies import read_json
from aas_server.api.call import Call
from aas_server.api.documents import (
    created_document,
    document_filter,
    replaced_document,
    whole_response,
)
from aas_server.api.forms import in_form, wanted_type
from aas_server.api.operations.operation import JSON
from aas_server.api.paging import page_of, page_of_views, page_response
from aas_server.api.responses import Response, created, no_content, view_response
from aas_server.errors import Conflict, NotFound
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.metamodel.references import key_values
from aas_server.metamodel.tree import Node
from aas_server.metamodel.views import Content, shell_reference
from aas_server.repository.document import Document
from aas_server.store.protocol import Kind


async def list_shells(call: Call) -> Response:
    """Answer with a page of shells, or of references to them."""
    by_reference = call.operation.content is Content.REFERENCE
    if by_reference:
        call.modifiers()
    wanted = document_filter(call, asset_ids=call.query.asset_ids())
    page = await call.repository.shells.page(wanted, limit=call.limit(), cursor=call.query.cursor())
    if by_reference:
        return page_of_views([shell_reference(found.id) for found in page.documents], page.cursor)
    return page_response([found.body() for found in page.documents], page.cursor)


async def post_shell(call: Call) -> Response:
    """Create a shell."""
    shell = await call.repository.create(
        Kind.SHELL, await read_json(call), actor=call.actor, conditions=call.conditions()
    )
    return created_document(call, shell, f"/shells/{encode_identifier(shell.id)}")


async def get_shell(call: Call) -> Response:
    """Answer with one shell in the form that Accept likes best, or with the reference to it."""
    shell = await shell_of(call)
    if call.operation.content is Content.REFERENCE:
        call.modifiers()
        return view_response(shell_reference(shell.id))
    media_type = wanted_type(call)
    if media_type != JSON:
        return await in_form(call, shell, shell.tree(), media_type)
    return whole_response(shell)


async def put_shell(call: Call) -> Response:
    """Create or replace a shell."""
    identifier = call.identifier("aasIdentifier")
    shell, is_new = await call.repository.put(
        Kind.SHELL,
        identifier,
        await read_json(call),
        actor=call.actor,
        conditions=call.conditions(),
        create=call.operation.creates,
    )
    if is_new:
        return created_document(call, shell, f"/shells/{encode_identifier(shell.id)}")
    return replaced_document(shell)


async def delete_shell(call: Call) -> Response:
    """Delete a shell; its submodels stay."""
    await call.repository.delete(
        Kind.SHELL,
        call.identifier("aasIdentifier"),
        actor=call.actor,
        conditions=call.conditions(),
    )
    return no_content()


async def get_asset_information(call: Call) -> Response:
    """Answer with the asset that the shell stands for."""
    shell = await shell_of(call)
    asset: Any = shell.tree().get("assetInformation")
    if asset is None:
        raise NotFound(f"the shell {shell.id!r} has no assetInformation")
    return view_response(asset)


async def put_asset_information(call: Call) -> Response:
    """Replace the asset that the shell stands for."""
    checked = await call.repository.verifier.check(await read_json(call), "AssetInformation")
    shell = await call.repository.edit(
        Kind.SHELL,
        call.identifier("aasIdentifier"),
        lambda shell: {**shell, "assetInformation": checked.tree},
        actor=call.actor,
        conditions=call.conditions(),
        warnings=checked.warnings,
    )
    return replaced_document(shell)


async def list_submodel_references(call: Call) -> Response:
    """Answer with a page of the shell's references to submodels."""
    references, cursor = page_of(
        submodel_references((await shell_of(call)).tree()),
        lambda reference: "\n".join(key_values(reference)),
        limit=call.limit(),
        cursor=call.query.cursor(),
    )
    return page_of_views(references, cursor)


async def post_submodel_reference(call: Call) -> Response:
    """Add a reference to a submodel to the shell."""
    checked = await call.repository.verifier.check(await read_json(call), "Reference")
    reference = checked.tree

    def add(shell: Node) -> Node:
        present = submodel_references(shell)
        if any(key_values(each) == key_values(reference) for each in present):
            raise Conflict(f"the shell {shell['id']!r} refers to this submodel already")
        return {**shell, "submodels": [*present, reference]}

    await call.repository.edit_verified(
        Kind.SHELL,
        call.identifier("aasIdentifier"),
        add,
        lambda shell: shell,
        actor=call.actor,
        conditions=call.conditions(),
    )
    submodel = encode_identifier(key_values(reference)[-1])
    return created(
        reference,
        call.origin.location(f"/shells/{call.values['aasIdentifier']}/submodel-refs/{submodel}"),
    )


async def delete_submodel_reference(call: Call) -> Response:
    """Take the reference to a submodel out of the shell; the submodel stays."""
    submodel_id = call.identifier("submodelIdentifier")
    await call.repository.edit(
        Kind.SHELL,
        call.identifier("aasIdentifier"),
        lambda shell: without_submodel(shell, submodel_id),
        actor=call.actor,
        conditions=call.conditions(),
    )
    return no_content()


async def shell_of(call: Call) -> Document:
    """Return the shell in the path; raises ``NotFound``."""
    return await call.repository.shells.get(call.identifier("aasIdentifier"))


async def require_submodel_of_shell(call: Call, submodel_id: str) -> None:
    """Raise ``NotFound`` when the shell in the path does not refer to ``submodel_id``."""
    shell = await shell_of(call)
    if not refers_to(shell.tree(), submodel_id):
        raise _no_reference(shell.id, submodel_id)


def submodel_references(shell: Node) -> list[Node]:
    """Return the references of ``shell`` to submodels."""
    references: list[Node] = shell.get("submodels") or []
    return references


def refers_to(shell: Node, submodel_id: str) -> bool:
    """Return whether ``shell`` refers to the submodel."""
    return any(_names(each, submodel_id) for each in submodel_references(shell))


def with_submodel(shell: Node, submodel_id: str) -> Node:
    """Return ``shell`` with a reference to the submodel, which it may have already."""
    if refers_to(shell, submodel_id):
        return shell
    reference = {
        "type": "ModelReference",
        "keys": [{"type": "Submodel", "value": submodel_id}],
    }
    return {**shell, "submodels": [*submodel_references(shell), reference]}


def without_submodel(shell: Node, submodel_id: str) -> Node:
    """Return ``shell`` without its references to the submodel; raises ``NotFound``."""
    kept = [each for each in submodel_references(shell) if not _names(each, submodel_id)]
    if len(kept) == len(submodel_references(shell)):
        raise _no_reference(shell["id"], submodel_id)
    rest = {name: value for name, value in shell.items() if name != "submodels"}
    return {**rest, "submodels": kept} if kept else rest


def _names(reference: Node, submodel_id: str) -> bool:
    return key_values(reference)[-1:] == (submodel_id.strip(),)


def _no_reference(shell_id: str, submodel_id: str) -> NotFound:
    return NotFound(f"the shell {shell_id!r} does not refer to the submodel {submodel_id!r}")
