"""shellsmith 0.6: the sync and the async client, uploads, and what its services clean up."""

from __future__ import annotations

import asyncio
import json

import httpx
from shellsmith import services
from shellsmith.clients import AsyncClient, Client

from tests.clients.documents import (
    SHELL,
    SUBMODEL,
    everything,
    prop,
    shell,
    submodel,
    submodel_reference,
)
from tests.clients.programs.steps import address_and_folder, refused, run

ADDRESS, FOLDER = address_and_folder()
CLIENT = Client(host=ADDRESS)
CLIENT.__enter__()
UPLOADED = "urn:press-shop:uploaded"


def ask_whether_it_is_healthy() -> None:
    assert CLIENT.is_healthy()


def create_a_shell_and_its_submodel() -> None:
    assert CLIENT.create_shell(shell()) == shell()
    assert CLIENT.create_submodel(everything()) == everything()
    CLIENT.create_submodel_ref(SHELL, submodel_reference(SUBMODEL))
    assert CLIENT.get_submodel_refs(SHELL)["result"] == [submodel_reference(SUBMODEL)]


def change_both() -> None:
    CLIENT.update_shell(SHELL, shell(submodels=(SUBMODEL,)))
    CLIENT.update_submodel(SUBMODEL, everything())
    assert SHELL in {each["id"] for each in CLIENT.get_shells()["result"]}
    assert SUBMODEL in {each["id"] for each in CLIENT.get_submodels()["result"]}


def read_what_is_in_a_submodel() -> None:
    names = [each["idShort"] for each in CLIENT.get_submodel(SUBMODEL)["submodelElements"]]
    assert names == [each["idShort"] for each in everything()["submodelElements"]]
    assert CLIENT.get_submodel_value(SUBMODEL)["Tool"] == {"Serial": "T-9", "Wear": {"Edge": "0.2"}}
    assert "submodelElements" not in CLIENT.get_submodel_metadata(SUBMODEL)
    assert len(CLIENT.get_submodel_elements(SUBMODEL)["result"]) == len(names)


def follow_paths_whose_brackets_are_quoted() -> None:
    assert CLIENT.get_submodel_element_value(SUBMODEL, "Stops[10]") == 10
    assert CLIENT.get_submodel_element_value(SUBMODEL, "Grid[1][0]") == "1/0"
    CLIENT.update_submodel_element_value(SUBMODEL, "Stops[10]", "77")
    assert CLIENT.get_submodel_element_value(SUBMODEL, "Stops[10]") == 77


def change_elements() -> None:
    CLIENT.create_submodel_element(SUBMODEL, prop("Hint", "a"))
    CLIENT.update_submodel_element(SUBMODEL, "Hint", prop("Hint", "b"))
    assert CLIENT.get_submodel_element(SUBMODEL, "Hint")["value"] == "b"
    CLIENT.create_submodel_element(SUBMODEL, prop("Maker", "North"), "Tool")
    assert CLIENT.get_submodel_element_value(SUBMODEL, "Tool.Maker") == "North"
    CLIENT.delete_submodel_element(SUBMODEL, "Hint")
    CLIENT.update_submodel_value(SUBMODEL, {"Count": 5})
    assert CLIENT.get_submodel_element_value(SUBMODEL, "Count") == 5


def upload_an_environment() -> None:
    file = FOLDER / "uploaded.json"
    file.write_text(json.dumps({"submodels": [submodel(UPLOADED, prop("Word", "x"))]}))
    assert CLIENT.upload_aas(file)
    assert CLIENT.get_submodel(UPLOADED)["id"] == UPLOADED


def upload_what_is_no_environment() -> None:
    file = FOLDER / "broken.json"
    file.write_text('{"submodels": [{"id": 5}]}')
    assert not CLIENT.upload_aas(file)


def see_errors_by_their_status() -> None:
    def conflict() -> None:
        CLIENT.create_shell(shell())

    error = refused(conflict, httpx.HTTPStatusError)
    assert isinstance(error, httpx.HTTPStatusError)
    assert error.response.status_code == 409


def work_with_the_async_client() -> None:
    async def read() -> None:
        async with AsyncClient(host=ADDRESS) as client:
            assert await client.is_healthy()
            shells, value = await asyncio.gather(
                client.get_shells(), client.get_submodel_element_value(SUBMODEL, "Stops[10]")
            )
            assert shells["result"]
            assert value == 77

    asyncio.run(read())


def clean_up_with_the_services() -> None:
    assert UPLOADED in services.find_unreferenced_submodels(host=ADDRESS)
    services.remove_submodel_references(SUBMODEL, host=ADDRESS)
    assert CLIENT.get_submodel_refs(SHELL)["result"] == []
    services.delete_all_submodels(host=ADDRESS)
    services.delete_all_shells(host=ADDRESS)
    assert CLIENT.get_shells()["result"] == []
    CLIENT.__exit__(None, None, None)


if __name__ == "__main__":
    run(
        ask_whether_it_is_healthy,
        create_a_shell_and_its_submodel,
        change_both,
        read_what_is_in_a_submodel,
        follow_paths_whose_brackets_are_quoted,
        change_elements,
        upload_an_environment,
        upload_what_is_no_environment,
        see_errors_by_their_status,
        work_with_the_async_client,
        clean_up_with_the_services,
    )
