"""aas-python-http-client 1.0: generated from the OpenAPI of 3.0, its results objects of an SDK."""

from __future__ import annotations

import base64
import json

from aas_python_http_client import ApiClient, Configuration
from aas_python_http_client.api import (
    AASXFileServerAPIApi,
    AssetAdministrationShellBasicDiscoveryAPIApi,
    AssetAdministrationShellRegistryAPIApi,
    AssetAdministrationShellRepositoryAPIApi,
    ConceptDescriptionRepositoryAPIApi,
    SubmodelRegistryAPIApi,
    SubmodelRepositoryAPIApi,
)
from aas_python_http_client.rest import ApiException

from tests.clients.documents import (
    CONCEPT,
    SHELL,
    SUBMODEL,
    concept_description,
    everything,
    prop,
    shell,
    submodel_reference,
)
from tests.clients.programs.steps import address_and_folder, refused, run
from tests.fuzz.world import shell_descriptor, submodel_descriptor

ADDRESS, FOLDER = address_and_folder()


def api_client() -> ApiClient:
    """Return a client of the server under test."""
    configuration = Configuration()
    configuration.host = ADDRESS
    return ApiClient(configuration)


def encoded(identifier: str) -> str:
    """Return an id as this client wants it: encoded by its user, here with padding."""
    return base64.urlsafe_b64encode(identifier.encode()).decode()


CLIENT = api_client()
SHELLS = AssetAdministrationShellRepositoryAPIApi(CLIENT)
SUBMODELS = SubmodelRepositoryAPIApi(CLIENT)
CONCEPTS = ConceptDescriptionRepositoryAPIApi(CLIENT)
SHELL_ID, SUBMODEL_ID = encoded(SHELL), encoded(SUBMODEL)


def create_a_shell_and_its_submodel() -> None:
    assert SHELLS.post_asset_administration_shell(shell()).id == SHELL
    assert SUBMODELS.post_submodel(everything()).id == SUBMODEL
    SHELLS.post_submodel_reference_aas_repository(submodel_reference(SUBMODEL), SHELL_ID)
    assert len(SHELLS.get_all_submodel_references_aas_repository(SHELL_ID).result) == 1


def read_them_as_objects() -> None:
    assert SHELLS.get_asset_administration_shell_by_id(SHELL_ID).id_short == "Press7"
    assert [each.id for each in SHELLS.get_all_asset_administration_shells().result] == [SHELL]
    read = SUBMODELS.get_submodel_by_id(SUBMODEL_ID)
    assert len(list(read.submodel_element)) == len(everything()["submodelElements"])
    stroke = SUBMODELS.get_submodel_element_by_path_submodel_repo(SUBMODEL_ID, "Stroke")
    assert stroke.value == 315.5
    cell = SUBMODELS.get_submodel_element_by_path_submodel_repo(SUBMODEL_ID, "Grid[1][0]")
    assert cell.value == "1/0"


def page_through_elements() -> None:
    read = SUBMODELS.get_all_submodel_elements_submodel_repository
    first = read(SUBMODEL_ID, limit=1)
    second = read(SUBMODEL_ID, limit=1, cursor=first.paging_metadata.cursor)
    assert [page.result[0].id_short for page in (first, second)] == ["Stroke", "Count"]


def change_elements() -> None:
    hint = prop("Hint", "a")
    SUBMODELS.post_submodel_element_submodel_repository(hint, SUBMODEL_ID)
    SUBMODELS.put_submodel_element_by_path_submodel_repo(hint, SUBMODEL_ID, "Hint")
    SUBMODELS.post_submodel_element_by_path_submodel_repo(
        prop("Maker", "North"), SUBMODEL_ID, "Tool"
    )
    SUBMODELS.delete_submodel_element_by_path_submodel_repo(SUBMODEL_ID, "Hint")
    SUBMODELS.put_submodel_by_id(everything(), SUBMODEL_ID)
    error = refused(
        lambda: SUBMODELS.get_submodel_element_by_path_submodel_repo(SUBMODEL_ID, "Hint"),
        ApiException,
    )
    assert json.loads(error.body)["messages"][0]["code"] == "NotFound"


def carry_files() -> None:
    note = FOLDER / "note.txt"
    note.write_bytes(b"grease the ram")
    SHELLS.put_submodel_by_id_aas_repository(everything(), SHELL_ID, SUBMODEL_ID)
    SUBMODELS.put_file_by_path_submodel_repo("note.txt", str(note), SUBMODEL_ID, "Drawing")
    SUBMODELS.delete_file_by_path_submodel_repo(SUBMODEL_ID, "Drawing")
    picture = FOLDER / "press.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    SHELLS.put_thumbnail_aas_repository("press.png", str(picture), SHELL_ID)
    SHELLS.delete_thumbnail_aas_repository(SHELL_ID)


def keep_concept_descriptions() -> None:
    assert CONCEPTS.post_concept_description(concept_description()).id == CONCEPT
    CONCEPTS.put_concept_description_by_id(concept_description(), encoded(CONCEPT))
    assert [each.id for each in CONCEPTS.get_all_concept_descriptions().result] == [CONCEPT]
    CONCEPTS.delete_concept_description_by_id(encoded(CONCEPT))


def keep_descriptors() -> None:
    shells = AssetAdministrationShellRegistryAPIApi(CLIENT)
    submodels = SubmodelRegistryAPIApi(CLIENT)
    foreign = shell_descriptor()
    shells.post_asset_administration_shell_descriptor(foreign)
    listed = shells.get_all_asset_administration_shell_descriptors().result
    assert {foreign["id"], SHELL} <= {each.id for each in listed}
    own = shells.get_asset_administration_shell_descriptor_by_id(SHELL_ID)
    assert own.endpoints
    shells.delete_asset_administration_shell_descriptor_by_id(encoded(foreign["id"]))
    submodels.post_submodel_descriptor(submodel_descriptor())
    submodels.delete_submodel_descriptor_by_id(encoded(submodel_descriptor()["id"]))


def find_a_shell_by_its_asset() -> None:
    discovery = AssetAdministrationShellBasicDiscoveryAPIApi(CLIENT)
    links = discovery.get_all_asset_links_by_id(SHELL_ID)
    assert "serialNumber" in {link.name for link in links}
    discovery.post_all_asset_links_by_id([{"name": "batch", "value": "B-1"}], SHELL_ID)
    discovery.delete_all_asset_links_by_id(SHELL_ID)


def see_which_packages_there_are() -> None:
    assert AASXFileServerAPIApi(CLIENT).get_all_aasx_package_ids().result == []


def take_everything_away() -> None:
    SHELLS.delete_submodel_reference_by_id_aas_repository(SHELL_ID, SUBMODEL_ID)
    SUBMODELS.delete_submodel_by_id(SUBMODEL_ID)
    SHELLS.delete_asset_administration_shell_by_id(SHELL_ID)
    gone = refused(lambda: SHELLS.get_asset_administration_shell_by_id(SHELL_ID), ApiException)
    assert gone.status == 404


if __name__ == "__main__":
    run(
        create_a_shell_and_its_submodel,
        read_them_as_objects,
        page_through_elements,
        change_elements,
        carry_files,
        keep_concept_descriptions,
        keep_descriptors,
        find_a_shell_by_its_asset,
        see_which_packages_there_are,
        take_everything_away,
    )
