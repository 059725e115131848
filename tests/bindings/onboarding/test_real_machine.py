"""A real server, browsed, proposed and checked: whatever it has, its proposal works."""

from __future__ import annotations

from pathlib import Path

import yaml

from aas_server.bindings.check import check
from aas_server.bindings.onboarding.proposal import PLANT_FILE, Proposal, Wish, propose
from aas_server.bindings.opcua.browsing import browse_machine
from aas_server.bindings.opcua.opening import open_session
from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.plant.file import PlantFile
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings
from aas_server.clock import SystemClock
from aas_server.live.hub import LiveHub
from aas_server.metamodel.verification import verify
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.bindings.onboarding.trees import element, submodel
from tests.bindings.opcua.plant import MachineProcess
from tests.support.memory_store import MemoryStore

_KINDS = {
    "assetAdministrationShells": Kind.SHELL,
    "submodels": Kind.SUBMODEL,
    "conceptDescriptions": Kind.CONCEPT_DESCRIPTION,
}


async def proposal_of(machine: MachineProcess, folder: Path) -> Proposal:
    settings = OpcUaConnectionSettings.model_validate({"url": machine.url})
    session = await open_session(settings, Pki(folder))
    try:
        tree = await browse_machine(session)
    finally:
        await session.close()
    return propose(tree, Wish(settings, {"url": machine.url}), None, {})


async def test_everything_that_a_machine_has_is_proposed_soundly_and_works(
    machine: MachineProcess, tmp_path: Path
) -> None:
    proposal = await proposal_of(machine, tmp_path)

    clock = SystemClock()
    repository = Repository(MemoryStore(clock), LiveHub(clock), clock)
    documents = [
        (_KINDS[name], document)
        for environment in proposal.documents.values()
        for name, each in environment.items()
        for document in each
    ]
    await repository.add_missing(documents, actor="test")
    plant = PlantFile.model_validate(yaml.safe_load(proposal.files[PLANT_FILE]))
    results = await check(plant, repository, pki_dir=tmp_path)

    assert [list(verify(document)) for _, document in documents] == [[]] * len(documents)
    assert [result.text for result in results if not result.ok] == []
    assert len(results) == len(proposal.points) >= 20


async def test_composites_become_what_holds_them(machine: MachineProcess, tmp_path: Path) -> None:
    data = submodel(await proposal_of(machine, tmp_path), "MachineData")

    assert element(data, "Array")["typeValueListElement"] == "Property"
    assert element(data, "Matrix")["typeValueListElement"] == "SubmodelElementList"
    assert element(data, "Range")["modelType"] == "Range"
    convert = element(data, "Convert")
    types = [each["value"]["modelType"] for each in convert["inputVariables"]]
    assert types == ["SubmodelElementList", "Property", "MultiLanguageProperty", "Property"]
