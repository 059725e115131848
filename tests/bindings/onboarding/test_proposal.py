"""First and later proposals: what is written, and what is left as the user has it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml

from aas_server.bindings.onboarding.lock import FILE_NAME, Lock, lock_text, read_lock
from aas_server.bindings.onboarding.proposal import PLANT_FILE, Proposal, propose
from aas_server.bindings.opcua.address_space import LocalText, Unit
from aas_server.bindings.plant.file import PlantFile
from aas_server.errors import ConfigurationError
from aas_server.metamodel.tree import walk
from aas_server.metamodel.verification import verify
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.sources import own_templates
from aas_server.templates.validation.report import Level
from aas_server.templates.validation.whole import Validator
from tests.bindings.onboarding.trees import (
    CELSIUS,
    VENDOR,
    TreeBuilder,
    element,
    proposed,
    semantic_ids,
    submodel,
    wish,
)

BASE = "urn:vendor:press:4711:Press"


def press() -> TreeBuilder:
    """A press with some of everything."""
    builder = TreeBuilder()
    oven = builder.object(
        builder.root,
        "Oven",
        type_definition=f"nsu={VENDOR};i=1001",
        display=LocalText("Ofen", "de"),
    )
    builder.variable(
        oven, "Temperature", display=LocalText("Temperatur", "de-DE"),
        description=LocalText("Of the upper plate", "en"), unit=CELSIUS, range=(0.0, 250.0),
    )  # fmt: skip
    builder.variable(oven, "Mode", "Int32", 1, texts={0: "Off", 1: "On"})
    builder.variable(oven, "Setpoint", "Float", 180.0, writable=True, unit=CELSIUS)
    builder.variable(oven, "Zones", "Double", [1.0, 2.0], value_rank=1)
    builder.variable(oven, "Title", "LocalizedText", {"text": "x"}, is_property=True)
    builder.variable(oven, "Image", "ByteString", b"", is_property=True)
    builder.method(oven, "Heat", (("Target", "Double", False),), (("Seconds", "UInt32", False),))
    return builder


class Folder:
    """What a folder holds after a run, as the next run reads it."""

    def __init__(self, proposal: Proposal) -> None:
        self.files: dict[str, Any] = {}
        self.lock: Lock | None = None
        self.keep(proposal)

    def keep(self, proposal: Proposal) -> None:
        for name, text in proposal.files.items():
            self.files[name] = json.loads(text) if name.endswith(".json") else text

    def propose(self, builder: TreeBuilder, tmp: Any) -> Proposal:
        (tmp / FILE_NAME).write_text(self.files[FILE_NAME])
        lock = read_lock(tmp)
        assert lock is not None
        found = propose(builder.tree(), wish(), lock, copy.deepcopy(self.files))
        self.keep(found)
        return found

    def submodel(self, name: str) -> dict[str, Any]:
        return self.files[f"{name}.json"]["submodels"][0]


@pytest.fixture
def folder() -> Folder:
    return Folder(proposed(press()))


def test_every_document_is_sound() -> None:
    proposal = proposed(press())

    for environment in proposal.documents.values():
        for documents in environment.values():
            for document in documents:
                assert list(verify(document)) == []


@pytest.mark.parametrize("name", ["AssetInterfacesMappingConfiguration", "OperationalData"])
def test_a_document_has_what_its_template_asks_for_but_the_values(name: str) -> None:
    validator = Validator(TemplateCatalog(own_templates()))

    verdict = validator.submodel(submodel(proposed(press()), name))

    assert verdict.is_judged
    errors = {each.text for each in verdict.violations if each.level is Level.ERROR}
    assert errors <= {"is required and has no value"}


def test_units_ranges_and_texts_are_taken_over() -> None:
    proposal = proposed(press())
    signals = submodel(proposal, "OperationalData")
    properties = "InterfaceOPCUA.InteractionMetadata.properties"
    described = submodel(proposal, "AssetInterfacesDescription")

    temperature = element(signals, "Signals.Temperature")
    assert element(temperature, "Unit")["value"] == "Cel"
    assert element(temperature, "NormalRange")["max"] == "250"
    assert temperature["displayName"] == [{"language": "de-DE", "text": "Temperatur"}]
    assert temperature["description"] == [{"language": "en", "text": "Of the upper plate"}]
    assert element(described, f"{properties}.Temperature.unit")["value"] == "CEL"
    assert element(described, f"{properties}.Temperature.min_max")["max"] == "250"
    concepts = {
        each["idShort"]: each for each in proposal.documents["concepts.json"]["conceptDescriptions"]
    }
    content = concepts["Temperature"]["embeddedDataSpecifications"][0]["dataSpecificationContent"]
    assert (content["unit"], content["dataType"]) == ("Cel", "REAL_MEASURE")
    mode = concepts["Mode"]["embeddedDataSpecifications"][0]["dataSpecificationContent"]
    assert [each["value"] for each in mode["valueList"]["valueReferencePairs"]] == ["Off", "On"]
    assert concepts["Temperature"]["id"] in semantic_ids(temperature)


def test_a_dictionarys_identifier_is_the_semantics_and_needs_no_concept_of_ours() -> None:
    builder = TreeBuilder()
    node = builder.variable(builder.root, "Temperature", unit=CELSIUS)
    node.dictionary_entries = ("0112/2///61987#ABB271",)

    proposal = proposed(builder)

    signal = element(submodel(proposal, "OperationalData"), "Signals.Temperature")
    assert semantic_ids(signal)[1:] == ["0112/2///61987#ABB271"]
    assert "concepts.json" not in proposal.documents


def test_elements_have_the_types_of_their_variables() -> None:
    machine = submodel(proposed(press()), "MachineData")
    oven = element(machine, "Oven")

    assert semantic_ids(oven) == [f"nsu={VENDOR};i=1001"]
    assert oven["displayName"] == [{"language": "de", "text": "Ofen"}]
    assert element(oven, "Zones")["valueTypeListElement"] == "xs:double"
    assert element(oven, "Title")["modelType"] == "MultiLanguageProperty"
    assert element(oven, "Image")["modelType"] == "Blob"
    heat = element(oven, "Heat")
    assert heat["inputVariables"][0]["value"]["valueType"] == "xs:double"
    assert heat["outputVariables"][0]["value"]["idShort"] == "Seconds"


def test_addresses_escape_what_stands_for_something_else_in_them() -> None:
    builder = TreeBuilder()
    builder.variable(builder.root, "Level", node="nsu=http://a/;s=Tank #1&2.100%")

    described = submodel(proposed(builder), "AssetInterfacesDescription")

    form = element(described, "InterfaceOPCUA.InteractionMetadata.properties.Level.forms")
    assert element(form, "href")["value"] == "/?id=nsu=http://a/;s=Tank %231%262.100%25"
    assert element(form, "uav_browsePath")["value"] == (
        f"/Objects/nsu={VENDOR};Press/nsu={VENDOR};Level"
    )


def test_the_name_of_the_machine_is_kept_where_an_id_short_cannot_hold_it() -> None:
    builder = TreeBuilder()
    builder.variable(builder.root, "Öl-Stand")

    described = submodel(proposed(builder), "AssetInterfacesDescription")

    level = element(described, "InterfaceOPCUA.InteractionMetadata.properties.Oel_Stand")
    assert element(level, "key")["value"] == "Öl-Stand"


def test_no_credential_is_in_any_file() -> None:
    found = propose(
        press().tree(),
        wish(policy="Basic256Sha256", user="operator", password={"env": "PRESS_PASSWORD"}),
        None,
        {},
    )

    described = submodel(found, "AssetInterfacesDescription")
    schemes = element(described, "InterfaceOPCUA.EndpointMetadata.securityDefinitions")
    assert element(schemes, "opcua_channel_sc.uav_securityPolicy")["value"] == "Basic256Sha256"
    assert element(schemes, "opcua_channel_sc.uav_securityMode")["value"] == "SignAndEncrypt"
    token = element(schemes, "opcua_authentication_sc.uav_userIdentityToken")
    assert token["value"] == "UserName"
    assert "operator" not in json.dumps(found.documents)
    assert "PRESS_PASSWORD" in found.files[PLANT_FILE]
    assert "PRESS_PASSWORD" in found.files["README.md"]


def test_every_reference_leads_to_an_element() -> None:
    proposal = proposed(press())
    submodels = {
        each["id"]: each
        for file in proposal.documents.values()
        for each in file.get("submodels", ())
    }
    checked = 0
    for document in submodels.values():
        for _, node in walk(document):
            reference = node.get("value")
            if node["modelType"] == "ReferenceElement" and reference["type"] == "ModelReference":
                first, *rest = [key["value"] for key in reference["keys"]]
                assert element(submodels[first], ".".join(rest))
                checked += 1
    assert checked > 10


def test_the_plant_file_can_be_read() -> None:
    content = yaml.safe_load(proposed(press()).files[PLANT_FILE])

    plant = PlantFile.model_validate(content)

    assert list(plant.connections) == ["press"]
    assert [each.method for each in plant.operations] == [f"nsu={VENDOR};s=Press.Oven.Heat"]


def test_a_second_run_without_news_writes_nothing(folder: Folder, tmp_path: Any) -> None:
    assert folder.propose(press(), tmp_path).files == {}


def test_renamed_and_removed_elements_stay_so_and_edits_too(folder: Folder, tmp_path: Any) -> None:
    signals = element(folder.submodel("OperationalData"), "Signals")["value"]
    temperature = next(each for each in signals if each["idShort"] == "Temperature")
    temperature["idShort"] = "PlateTemperature"
    temperature["description"] = [{"language": "en", "text": "Mine"}]
    signals[:] = [each for each in signals if each["idShort"] != "Mode"]
    element(folder.submodel("OperationalData"), "Signals.Setpoint.Unit")["value"] = "K"
    before = copy.deepcopy(folder.files)

    again = folder.propose(press(), tmp_path)

    assert again.files == {}
    assert folder.files == before


def test_new_nodes_are_added_everywhere_beside_the_users_edits(
    folder: Folder, tmp_path: Any
) -> None:
    folder.files[PLANT_FILE] += "  # my own remark\n"
    element(folder.submodel("OperationalData"), "Signals.Temperature")["idShort"] = "Mine"
    builder = press()
    oven = builder.root.children[0]
    builder.variable(oven, "Humidity", unit=Unit("P1", "%"))
    builder.method(oven, "Cool", (), ())

    again = folder.propose(builder, tmp_path)

    assert [line.rpartition(" -> ")[2] for line in again.report.added] == [
        "OperationalData/Signals.Humidity",
        "MachineData/Oven.Cool",
    ]
    signals = folder.submodel("OperationalData")
    assert element(signals, "Signals.Mine")
    assert element(signals, "Signals.Humidity.Unit")["value"] == "%"
    assert element(folder.submodel("MachineData"), "Oven.Cool")
    described = folder.submodel("AssetInterfacesDescription")
    assert element(described, "InterfaceOPCUA.InteractionMetadata.properties.Humidity")
    assert "# my own remark" in folder.files[PLANT_FILE]
    plant = PlantFile.model_validate(yaml.safe_load(folder.files[PLANT_FILE]))
    assert [each.operation.path for each in plant.operations] == ["Oven.Heat", "Oven.Cool"]
    assert folder.propose(builder, tmp_path).files == {}


def test_arguments_without_names_get_some(folder: Folder, tmp_path: Any) -> None:
    builder = press()
    unnamed = (("", "Int64", False), ("", "Int64", False))
    builder.method(builder.root.children[0], "Add", unnamed, unnamed[:1])

    folder.propose(builder, tmp_path)

    operation = element(folder.submodel("MachineData"), "Oven.Add")
    arguments = [*operation["inputVariables"], *operation["outputVariables"]]
    names = [each["value"]["idShort"] for each in arguments]
    assert len(set(names)) == 3
    assert not any("displayName" in each["value"] for each in arguments)
    assert not list(verify(folder.submodel("MachineData")))


def test_a_new_node_never_takes_the_name_of_a_removed_or_own_element(
    folder: Folder, tmp_path: Any
) -> None:
    signals = element(folder.submodel("OperationalData"), "Signals")["value"]
    signals[:] = [each for each in signals if each["idShort"] != "Mode"]
    signals[0]["idShort"] = "Humidity"
    builder = press()
    other = builder.object(builder.root, "Dryer")
    for name in ("Mode", "Humidity"):
        builder.variable(other, name)

    again = folder.propose(builder, tmp_path)

    assert [line.rpartition(".")[2] for line in again.report.added] == [
        "Dryer_Mode",
        "Dryer_Humidity",
    ]


def test_vanished_nodes_are_told_and_kept(folder: Folder, tmp_path: Any) -> None:
    builder = press()
    oven = builder.root.children[0]
    oven.children = [each for each in oven.children if each.name.name != "Temperature"]
    before = copy.deepcopy(folder.submodel("OperationalData"))

    again = folder.propose(builder, tmp_path)

    assert len(again.report.vanished) == 1
    assert "Temperature" in again.report.vanished[0]
    assert folder.submodel("OperationalData") == before
    assert folder.propose(builder, tmp_path).report.vanished == again.report.vanished
    assert folder.propose(press(), tmp_path).report.added == []


def test_what_the_machine_tells_otherwise_is_taken_over_unless_the_user_changed_it(
    folder: Folder, tmp_path: Any
) -> None:
    element(folder.submodel("OperationalData"), "Signals.Setpoint.Unit")["value"] = "Mine"
    builder = press()
    for node in builder.root.walk():
        if node.variable is not None and node.variable.unit is not None:
            node.variable.unit = Unit("KEL", "K")

    again = folder.propose(builder, tmp_path)

    signals = folder.submodel("OperationalData")
    assert element(signals, "Signals.Temperature.Unit")["value"] == "K"
    assert element(signals, "Signals.Setpoint.Unit")["value"] == "Mine"
    assert any("Signals.Temperature.Unit" in line for line in again.report.changes.changed)
    (kept,) = again.report.changes.kept
    assert "Signals.Setpoint.Unit" in kept
    assert "'Mine'" in kept


def test_a_node_under_another_id_is_the_same_by_its_browse_path(
    folder: Folder, tmp_path: Any
) -> None:
    builder = press()
    for node in builder.root.walk():
        if node.name.name in ("Temperature", "Heat"):
            node.node = f"nsu={VENDOR};i={len(node.name.name)}"

    again = folder.propose(builder, tmp_path)

    assert again.report.added == []
    assert len(again.report.moved) == 2
    properties = "InterfaceOPCUA.InteractionMetadata.properties"
    described = folder.submodel("AssetInterfacesDescription")
    href = element(described, f"{properties}.Temperature.forms.href")["value"]
    assert href == f"/?id=nsu={VENDOR};i=11"
    plant = PlantFile.model_validate(yaml.safe_load(folder.files[PLANT_FILE]))
    assert plant.operations[0].method == f"nsu={VENDOR};i=4"
    assert folder.propose(builder, tmp_path).files == {}


def test_new_nodes_of_a_collection_that_the_user_removed_are_told_and_not_added(
    folder: Folder, tmp_path: Any
) -> None:
    folder.submodel("MachineData")["submodelElements"] = [
        {"modelType": "Property", "idShort": "Mine", "valueType": "xs:string"}
    ]
    builder = press()
    builder.method(builder.root.children[0], "Cool", (), ())

    again = folder.propose(builder, tmp_path)

    assert again.report.added == []
    (line,) = again.report.not_added
    assert "Oven" in line
    assert "Cool" not in folder.files[PLANT_FILE]


def test_a_bracketed_list_in_the_plant_file_is_refused_with_what_to_do(
    folder: Folder, tmp_path: Any
) -> None:
    head = folder.files[PLANT_FILE].partition("operations:")[0]
    folder.files[PLANT_FILE] = f"{head}operations: []\n"
    builder = press()
    builder.method(builder.root.children[0], "Cool", (), ())

    with pytest.raises(ConfigurationError, match="with a dash"):
        folder.propose(builder, tmp_path)


def test_the_lock_survives_writing_and_reading(folder: Folder, tmp_path: Any) -> None:
    (tmp_path / FILE_NAME).write_text(folder.files[FILE_NAME])
    lock = read_lock(tmp_path)

    assert lock is not None
    assert lock_text(lock) == folder.files[FILE_NAME]


def test_ids_begin_with_what_the_server_calls_itself_else_with_its_address() -> None:
    named, unnamed = proposed(press()), proposed(press(), application_uri="no uri at all")
    short = proposed(press(), application_uri="http://vendor.example/press/")

    assert named.identity.base == BASE
    assert short.identity.of("shell") == "http://vendor.example/press/shell"
    assert unnamed.identity.base == "urn:opcua:192.0.2.7-4840-press:Press"
