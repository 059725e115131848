"""aas-http-client 1.2: a station of its own, made, read, changed and taken away again."""

from __future__ import annotations

import json

from aas_http_client import aas_client
from aas_http_client.classes.wrapper import sdk_wrapper
from aas_http_client.utilities.encoder import encode_base_64

from tests.clients.documents import (
    SERIAL_NUMBER,
    SHELL,
    SUBMODEL,
    concept_description,
    everything,
    prop,
    shell,
    submodel_reference,
)
from tests.clients.programs.steps import address_and_folder, run
from tests.fuzz.world import shell_descriptor, submodel_descriptor

ADDRESS, FOLDER = address_and_folder()
CLIENT = aas_client.create_by_url(base_url=ADDRESS, encoded_ids=False)


def connect() -> None:
    assert CLIENT is not None
    root = CLIENT.get_root()
    assert root is not None
    assert "result" in root
    profiles = CLIENT.shell_registry.get_self_description()["profiles"]
    assert any("AssetAdministrationShellRegistry" in profile for profile in profiles)


def create_a_shell_and_its_submodel() -> None:
    assert CLIENT.shells.post_asset_administration_shell(shell()) == shell()
    assert CLIENT.submodels.post_submodel(everything()) == everything()
    reference = submodel_reference(SUBMODEL)
    added = CLIENT.shells.post_submodel_reference_aas_repository(SHELL, reference)
    assert added == reference, added
    references = CLIENT.shells.get_all_submodel_references_aas_repository(SHELL)
    assert references["result"] == [reference]


def read_them() -> None:
    assert CLIENT.shells.get_asset_administration_shell_by_id(SHELL)["idShort"] == "Press7"
    assert CLIENT.submodels.get_submodel_by_id(SUBMODEL) is not None
    assert CLIENT.shells.get_submodel_by_id_aas_repository(SHELL, SUBMODEL) is not None
    key = CLIENT.shells.get_asset_administration_shell_by_id_reference_aas_repository(SHELL)
    assert key["keys"] == [{"type": "AssetAdministrationShell", "value": SHELL}]
    by_id_short = CLIENT.shells.get_all_asset_administration_shells(id_short="Press7")
    assert [found["id"] for found in by_id_short["result"]] == [SHELL]
    elements = CLIENT.submodels.get_all_submodel_elements_submodel_repository(SUBMODEL)
    assert len(elements["result"]) == len(everything()["submodelElements"])


def find_a_shell_by_its_asset() -> None:
    asset_id = encode_base_64(json.dumps(SERIAL_NUMBER))
    found = CLIENT.shells.get_all_asset_administration_shells(asset_ids=[asset_id])
    assert [each["id"] for each in found["result"]] == [SHELL]


def read_and_write_values() -> None:
    submodels = CLIENT.submodels
    read = submodels.get_submodel_element_by_path_value_only_submodel_repo
    assert read(SUBMODEL, "Stroke") == 315.5
    assert read(SUBMODEL, "Stops[11]") == 11
    write = submodels.patch_submodel_element_by_path_value_only_submodel_repo
    assert write(SUBMODEL, "Stroke", "42.25")
    assert read(SUBMODEL, "Stroke") == 42.25
    assert not write(SUBMODEL, "Stroke", "high")
    assert submodels.patch_submodel_by_id_value_only(SUBMODEL, {"Count": 7})
    assert submodels.get_submodel_by_id_value_only(SUBMODEL)["Count"] == 7
    assert "submodelElements" not in submodels.get_submodel_by_id_metadata(SUBMODEL)


def change_elements() -> None:
    submodels = CLIENT.submodels
    assert submodels.post_submodel_element_submodel_repo(SUBMODEL, prop("Hint", "a"))
    assert submodels.put_submodel_element_by_path_submodel_repo(SUBMODEL, "Hint", prop("Hint", "b"))
    nested = submodels.post_submodel_element_by_path_submodel_repo(
        SUBMODEL, "Tool", prop("Maker", "North")
    )
    assert nested["idShort"] == "Maker"
    maker = submodels.get_submodel_element_by_path_submodel_repo(SUBMODEL, "Tool.Maker")
    assert maker["value"] == "North"
    assert submodels.delete_submodel_element_by_path_submodel_repo(SUBMODEL, "Hint")
    assert submodels.get_submodel_element_by_path_submodel_repo(SUBMODEL, "Hint") is None
    assert submodels.put_submodels_by_id(SUBMODEL, everything())
    assert CLIENT.shells.put_submodel_by_id_aas_repository(SHELL, SUBMODEL, everything())


def carry_files() -> None:
    note = FOLDER / "note.txt"
    note.write_bytes(b"grease the ram")
    files = CLIENT.experimental
    assert files.put_file_by_path_submodel_repo(SUBMODEL, "Drawing", note)
    assert files.get_file_by_path_submodel_repo(SUBMODEL, "Drawing") == b"grease the ram"
    assert files.delete_file_by_path_submodel_repo(SUBMODEL, "Drawing")
    assert files.get_file_by_path_submodel_repo(SUBMODEL, "Drawing") is None
    picture = FOLDER / "press.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert CLIENT.shells.put_thumbnail_aas_repository(SHELL, "press.png", picture)
    assert CLIENT.shells.get_thumbnail_aas_repository(SHELL) == picture.read_bytes()
    # It says that this failed, for it knows only the 200 that is deprecated since 3.1.1.
    CLIENT.shells.delete_thumbnail_aas_repository(SHELL)
    assert CLIENT.shells.get_thumbnail_aas_repository(SHELL) is None


def read_through_the_wrapper_that_parses() -> None:
    wrapper = sdk_wrapper.create_by_url(base_url=ADDRESS, encoded_ids=False)
    shells = wrapper.get_all_asset_administration_shells()
    assert SHELL in {each.id for each in shells.results}
    parsed = wrapper.get_submodel_by_id(SUBMODEL)
    assert len(list(parsed.submodel_element)) == len(everything()["submodelElements"])


def keep_descriptors_of_others() -> None:
    shells, submodels = CLIENT.shell_registry, CLIENT.submodel_registry
    foreign, part = shell_descriptor(), submodel_descriptor("urn:elsewhere:part")
    assert shells.post_asset_administration_shell_descriptor(foreign) == foreign
    own = shells.get_asset_administration_shell_descriptor_by_id(SHELL)
    assert own["endpoints"], "the shell's own descriptor is derived"
    listed = shells.get_all_asset_administration_shell_descriptors()["result"]
    assert {foreign["id"], SHELL} <= {each["id"] for each in listed}
    assert shells.post_submodel_descriptor_through_superpath(foreign["id"], part)
    inside = shells.get_all_submodel_descriptors_through_superpath(foreign["id"])["result"]
    assert [each["id"] for each in inside] == ["urn:elsewhere:submodel", part["id"]]
    assert shells.delete_submodel_descriptor_by_id_through_superpath(foreign["id"], part["id"])
    assert shells.put_asset_administration_shell_descriptor_by_id(foreign["id"], foreign)
    assert shells.delete_asset_administration_shell_descriptor_by_id(foreign["id"])
    assert submodels.post_submodel_descriptor(part) == part
    assert submodels.put_submodel_descriptor_by_id(part["id"], part)
    assert submodels.get_submodel_descriptor_by_id(part["id"]) == part
    assert submodels.delete_submodel_descriptor_by_id(part["id"])


def be_told_that_something_is_not_there() -> None:
    assert CLIENT.shells.get_asset_administration_shell_by_id("urn:nobody") is None
    assert CLIENT.shell_registry.search({"match": concept_description()}) is None


def take_everything_away() -> None:
    assert CLIENT.shells.delete_submodel_reference_by_id_aas_repository(SHELL, SUBMODEL)
    assert CLIENT.submodels.delete_submodel_by_id(SUBMODEL)
    assert CLIENT.shells.delete_asset_administration_shell_by_id(SHELL)
    assert CLIENT.submodels.get_submodel_by_id(SUBMODEL) is None


if __name__ == "__main__":
    run(
        connect,
        create_a_shell_and_its_submodel,
        read_them,
        find_a_shell_by_its_asset,
        read_and_write_values,
        change_elements,
        carry_files,
        read_through_the_wrapper_that_parses,
        keep_descriptors_of_others,
        be_told_that_something_is_not_there,
        take_everything_away,
    )
