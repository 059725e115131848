"""basyx-client 0.1: everything as objects of the BaSyx SDK, sync and async."""

from __future__ import annotations

import asyncio
import base64
import json

from basyx.aas import model
from basyx.aas.adapter.json import StrictAASFromJsonDecoder
from basyx_client import AASClient, BadRequestError, ConflictError, ResourceNotFoundError
from basyx_client.exceptions import AASClientError

from tests.clients.documents import (
    CONCEPT,
    SHELL,
    SUBMODEL,
    Node,
    concept_description,
    everything,
    prop,
    shell,
    submodel,
)
from tests.clients.packages import package
from tests.clients.programs.steps import address_and_folder, answered, refused, run
from tests.fuzz.world import shell_descriptor, submodel_descriptor

ADDRESS, FOLDER = address_and_folder()
CLIENT = AASClient(ADDRESS)


def parsed(document: Node) -> model.Referable:
    """Return ``document`` as an object of the SDK."""
    parsed: model.Referable = json.loads(json.dumps(document), cls=StrictAASFromJsonDecoder)
    return parsed


def create_a_shell_with_its_submodel() -> None:
    assert CLIENT.shells.create(parsed(shell())).id_short == "Press7"
    assert CLIENT.submodels.create(parsed(everything())).id == SUBMODEL
    refused(lambda: CLIENT.shells.create(parsed(shell())), ConflictError)


def read_and_update_the_shell() -> None:
    read = CLIENT.shells.get(SHELL)
    read.id_short = "PressSeven"
    assert CLIENT.shells.update(SHELL, read).id_short == "PressSeven"
    page = CLIENT.shells.list(limit=1)
    assert [each.id for each in page.items] == [SHELL]
    information = CLIENT.shells.get_asset_info(SHELL)
    CLIENT.shells.update_asset_info(SHELL, information)


def add_and_remove_a_reference() -> None:
    reference = model.ModelReference.from_referable(parsed(everything()))
    CLIENT.shells.add_submodel_ref(SHELL, reference)
    assert len(CLIENT.shells.list_submodel_refs(SHELL)) == 1
    CLIENT.shells.remove_submodel_ref(SHELL, SUBMODEL)
    refused(lambda: CLIENT.shells.remove_submodel_ref(SHELL, SUBMODEL), ResourceNotFoundError)


def read_the_submodel_in_every_form() -> None:
    read = CLIENT.submodels.get(SUBMODEL)
    assert [each.id_short for each in read.submodel_element][:2] == ["Stroke", "Count"]
    elements = CLIENT.submodels.elements
    assert CLIENT.submodels.get_value(SUBMODEL)["Stroke"] == 315.5
    assert elements.get_metadata(SUBMODEL, "Stroke")["modelType"] == "Property"
    assert elements.get_reference(SUBMODEL, "Stops[3]")["keys"][-1]["value"] == "3"
    assert elements.get_path(SUBMODEL, "Tool")[0] == "Tool"
    assert elements.get_value(SUBMODEL, "Grid[0][1]") == "0/1"


def write_values_as_this_client_spells_them() -> None:
    elements = CLIENT.submodels.elements
    for path, value in (("Stroke", 3.5), ("Count", 12), ("Running", False), ("Tool.Serial", "T")):
        elements.set_value(SUBMODEL, path, value)
        assert elements.get_value(SUBMODEL, path) == value
    refused(lambda: elements.set_value(SUBMODEL, "Count", "many"), BadRequestError)


def change_elements() -> None:
    elements = CLIENT.submodels.elements
    assert elements.create_root(SUBMODEL, parsed(prop("Hint", "a"))).value == "a"
    elements.update(SUBMODEL, "Hint", parsed(prop("Hint", "b")))
    assert elements.get(SUBMODEL, "Hint").value == "b"
    elements.create(SUBMODEL, "Tool", parsed(prop("Maker", "North")))
    assert elements.get_value(SUBMODEL, "Tool.Maker") == "North"
    elements.delete(SUBMODEL, "Hint")
    refused(lambda: elements.get(SUBMODEL, "Hint"), ResourceNotFoundError)
    assert CLIENT.submodels.update(SUBMODEL, parsed(everything())).id == SUBMODEL


def keep_concept_descriptions() -> None:
    concepts = CLIENT.concept_descriptions
    assert concepts.create(parsed(concept_description())).id == CONCEPT
    assert concepts.update(CONCEPT, concepts.get(CONCEPT)).id_short == "Stroke"
    assert [each.id for each in concepts.list().items] == [CONCEPT]
    concepts.delete(CONCEPT)


def keep_descriptors() -> None:
    shells, submodels = CLIENT.aas_registry, CLIENT.submodel_registry
    foreign = shell_descriptor()
    assert shells.create(foreign) == foreign
    shells.update(foreign["id"], foreign | {"idShort": "Renamed"})
    assert shells.get(foreign["id"])["idShort"] == "Renamed"
    shells.add_submodel_descriptor(foreign["id"], submodel_descriptor("urn:part"))
    shells.remove_submodel_descriptor(foreign["id"], "urn:part")
    assert {foreign["id"], SHELL} <= {each["id"] for each in shells.list().items}
    shells.delete(foreign["id"])
    assert submodels.create(submodel_descriptor())["id"] == submodel_descriptor()["id"]
    submodels.delete(submodel_descriptor()["id"])


def keep_packages() -> None:
    first, second = (package(submodel(f"urn:press-shop:packed-{name}")) for name in "ab")
    file = FOLDER / "press.aasx"
    file.write_bytes(first)
    identifier = CLIENT.packages.upload(file, aas_ids=[SHELL])
    assert CLIENT.packages.get(identifier) == first
    file.write_bytes(second)
    CLIENT.packages.update(identifier, file)
    assert CLIENT.packages.download_to_file(identifier, FOLDER / "b").read_bytes() == second
    assert identifier in {each["packageId"] for each in CLIENT.packages.list().items}
    CLIENT.packages.delete(identifier)
    refused(lambda: CLIENT.packages.get(identifier), ResourceNotFoundError)


def be_told_what_is_wrong_with_its_lookup() -> None:
    """Its form of asset ids is not the specification's: a refusal, or the right answer."""
    ids = [{"name": "serialNumber", "value": "P7-0042"}]
    found = answered(lambda: CLIENT.discovery.get_aas_ids_by_asset(ids), BadRequestError)
    if isinstance(found, BadRequestError):
        assert "assetIds" in found.details["messages"][0]["text"], found.details
    else:
        assert found.items == [SHELL]
    error = refused(lambda: CLIENT.discovery.link_aas_to_asset(SHELL, ids), AASClientError)
    assert 400 <= error.status_code < 500, error
    assert {"name": "serialNumber", "value": "P7-0042"} in CLIENT.discovery.get_asset_links(SHELL)


def work_with_the_async_client() -> None:
    async def read() -> None:
        async with AASClient(ADDRESS) as client:
            shells, submodel = await asyncio.gather(
                client.shells.list_async(), client.submodels.get_async(SUBMODEL)
            )
            assert shells.items
            assert submodel.id == SUBMODEL

    asyncio.run(read())


def find_padded_identifiers_too() -> None:
    padded = base64.urlsafe_b64encode(SHELL.encode() + b"-").decode()
    assert padded.endswith("=")
    refused(lambda: CLIENT.shells._request("GET", f"/shells/{padded}"), ResourceNotFoundError)


def take_everything_away() -> None:
    CLIENT.submodels.delete(SUBMODEL)
    CLIENT.shells.delete(SHELL)
    refused(lambda: CLIENT.shells.get(SHELL), ResourceNotFoundError)
    CLIENT.close()


if __name__ == "__main__":
    run(
        create_a_shell_with_its_submodel,
        read_and_update_the_shell,
        add_and_remove_a_reference,
        read_the_submodel_in_every_form,
        write_values_as_this_client_spells_them,
        change_elements,
        keep_concept_descriptions,
        keep_descriptors,
        keep_packages,
        be_told_what_is_wrong_with_its_lookup,
        work_with_the_async_client,
        find_padded_identifiers_too,
        take_everything_away,
    )
