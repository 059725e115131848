"""basyx-registry-client 0.1: descriptors of our own and of others, and where they lead to."""

from __future__ import annotations

import asyncio

import httpx
from basyx_registry_client import (
    AssetAdministrationShellDescriptor,
    AsyncRegistryClient,
    Endpoint,
    NotFoundError,
    ProtocolInformation,
    RegistryClient,
    SubmodelDescriptor,
)

from tests.clients.documents import SHELL, SUBMODEL, everything, shell
from tests.clients.programs.steps import address_and_folder, refused, run

ADDRESS, FOLDER = address_and_folder()
CLIENT = RegistryClient(ADDRESS)
FOREIGN = "urn:elsewhere:shell"
ELSEWHERE = Endpoint(
    interface="AAS-3.0",
    protocol_information=ProtocolInformation(href="https://elsewhere.example/shells/x"),
)


def read_the_description() -> None:
    profiles = CLIENT.get_description().profiles
    assert any("AssetAdministrationShellRegistry" in profile for profile in profiles)


def find_own_shells_derived() -> None:
    for path, document in (("shells", shell(submodels=(SUBMODEL,))), ("submodels", everything())):
        assert httpx.post(f"{ADDRESS}/{path}", json=document).status_code == 201
    own = CLIENT.get_shell_descriptor(SHELL)
    assert own.id_short == "Press7"
    assert [each.id for each in own.submodel_descriptors or ()] == [SUBMODEL]
    assert SUBMODEL in {each.id for each in CLIENT.iter_submodel_descriptors()}
    inside = CLIENT.get_submodel_descriptor_of_shell(SHELL, SUBMODEL)
    assert inside.id == SUBMODEL


def follow_an_endpoint() -> None:
    shell_href = CLIENT.resolve_aas_href(SHELL)
    submodel_href = CLIENT.resolve_submodel_href(SUBMODEL)
    assert httpx.get(str(shell_href)).json()["id"] == SHELL
    assert httpx.get(str(submodel_href)).json()["id"] == SUBMODEL


def register_a_foreign_shell() -> None:
    descriptor = AssetAdministrationShellDescriptor(
        id=FOREIGN, id_short="Foreign", asset_kind="Instance", endpoints=[ELSEWHERE]
    )
    assert CLIENT.register_shell_descriptor(descriptor).id == FOREIGN
    CLIENT.update_shell_descriptor(FOREIGN, descriptor.model_copy(update={"id_short": "Renamed"}))
    assert CLIENT.get_shell_descriptor(FOREIGN).id_short == "Renamed"
    assert {SHELL, FOREIGN} <= {each.id for each in CLIENT.iter_shell_descriptors()}
    assert len(list(CLIENT.list_shell_descriptors(limit=1))) == 1
    assert CLIENT.list_shell_descriptors(asset_kind="Type").items == []


def put_a_submodel_into_it() -> None:
    part = SubmodelDescriptor(id="urn:elsewhere:part", endpoints=[ELSEWHERE])
    assert CLIENT.add_submodel_descriptor_to_shell(FOREIGN, part).id == part.id
    assert [each.id for each in CLIENT.iter_submodel_descriptors_of_shell(FOREIGN)] == [part.id]
    CLIENT.remove_submodel_descriptor_from_shell(FOREIGN, part.id)


def register_a_foreign_submodel() -> None:
    part = SubmodelDescriptor(id="urn:elsewhere:part", endpoints=[ELSEWHERE])
    assert CLIENT.register_submodel_descriptor(part).id == part.id
    CLIENT.update_submodel_descriptor(part.id, part)
    CLIENT.unregister_submodel_descriptor(part.id)
    refused(lambda: CLIENT.get_submodel_descriptor(part.id), NotFoundError)


def work_with_the_async_client() -> None:
    async def read() -> None:
        async with AsyncRegistryClient(ADDRESS) as client:
            assert (await client.get_shell_descriptor(SHELL)).id == SHELL

    asyncio.run(read())


def take_it_away() -> None:
    CLIENT.unregister_shell_descriptor(FOREIGN)
    refused(lambda: CLIENT.get_shell_descriptor(FOREIGN), NotFoundError)
    CLIENT.close()


if __name__ == "__main__":
    run(
        read_the_description,
        find_own_shells_derived,
        follow_an_endpoint,
        register_a_foreign_shell,
        put_a_submodel_into_it,
        register_a_foreign_submodel,
        work_with_the_async_client,
        take_it_away,
    )
