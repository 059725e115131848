"""The repository: checked, stored, then shown; or nothing changed at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from aas_server.errors import BadRequest, ConfigurationError, Forbidden, NotFound
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.sinks import resolve_sink
from aas_server.live.values import GOOD, LiveValue, Quality
from aas_server.repository.document import DecodedTrees, Document
from aas_server.repository.loader import read_environments
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind, StoredDocument
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

SUBMODEL: dict[str, Any] = {
    "modelType": "Submodel",
    "id": "urn:sm",
    "submodelElements": [
        {"modelType": "Property", "idShort": "Temp", "valueType": "xs:double", "value": "1.50"},
        {"modelType": "Range", "idShort": "Span", "valueType": "xs:int", "min": "0", "max": "9"},
        {
            "modelType": "MultiLanguageProperty",
            "idShort": "Name",
            "value": [{"language": "en", "text": "old"}],
        },
        {"modelType": "File", "idShort": "Manual", "contentType": "text/plain"},
        {"modelType": "Blob", "idShort": "Raw", "contentType": "text/plain"},
        {"modelType": "Capability", "idShort": "Can"},
        {
            "modelType": "SubmodelElementCollection",
            "idShort": "Box",
            "value": [
                {"modelType": "Property", "idShort": "Count", "valueType": "xs:int", "value": "1"},
                {"modelType": "Property", "idShort": "Text", "valueType": "xs:string"},
                {
                    "modelType": "SubmodelElementList",
                    "idShort": "List",
                    "value": [
                        {"modelType": "Property", "valueType": "xs:int", "value": "1"},
                        {"modelType": "Property", "valueType": "xs:int", "value": "2"},
                    ],
                },
            ],
        },
    ],
}


@pytest.fixture
async def loaded(repository: Repository) -> Repository:
    await repository.add_missing([(Kind.SUBMODEL, SUBMODEL)], actor="test")
    return repository


async def element(repository: Repository, *path: str) -> dict[str, Any]:
    node: dict[str, Any] = (await repository.submodels.get("urn:sm")).tree()
    for name in path:
        children = node.get("submodelElements") or node["value"]
        node = next(child for child in children if child["idShort"] == name)
    return node


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("Temp",), 20.5, {"value": "20.5"}),
        (("Temp",), "2.50", {"value": "2.50"}),
        (("Span",), {"max": 12}, {"min": "0", "max": "12"}),
        (("Name",), [{"de": "neu"}], {"value": [{"language": "de", "text": "neu"}]}),
        (("Name",), {"de": "neu"}, {"value": [{"language": "de", "text": "neu"}]}),
        (("Manual",), {"value": "/a.txt"}, {"value": "/a.txt", "contentType": "text/plain"}),
        (("Raw",), {"value": "AAEC"}, {"value": "AAEC"}),
    ],
)
async def test_a_stored_value_is_replaced_and_the_rest_stays(
    loaded: Repository, path: tuple[str, ...], value: Any, expected: dict[str, Any]
) -> None:
    before = await element(loaded, *path)
    await loaded.write_value("urn:sm", path, value, actor="client")
    after = await element(loaded, *path)
    assert after == before | expected
    assert (await loaded.submodels.get("urn:sm")).stored.revision == 2


async def test_a_collection_takes_several_values_at_once(loaded: Repository) -> None:
    await loaded.write_value("urn:sm", ("Box",), {"Count": 5, "List": [7]}, actor="client")
    box = await element(loaded, "Box")
    assert box["value"][0]["value"] == "5"
    assert [item["value"] for item in box["value"][2]["value"]] == ["7", "2"]


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("Temp",), "warm", "Temp"),
        (("Temp",), True, "Temp"),
        (("Temp",), None, "Temp"),
        (("Span",), {"max": "x"}, "Span"),
        (("Span",), {"most": 1}, "min, max"),
        (("Name",), [{"de": 1}], "Name"),
        (("Name",), [{"de": "a"}, {"de": "b"}], "given twice"),
        (("Raw",), {"value": "***"}, "base64"),
        (("Manual",), {"path": "x"}, "contentType and value"),
        (("Can",), 1, "Capability"),
        (("Box",), {"Count": 5, "Text": 7}, r"Box\.Text"),
        (("Box",), {"Nope": 5}, r"Box\.Nope"),
        (("Box",), {"List": [1, 2, 3]}, r"at most 2"),
        (("Box",), 5, "object"),
    ],
)
async def test_a_value_of_the_wrong_form_is_refused_by_name_and_changes_nothing(
    loaded: Repository, path: tuple[str, ...], value: Any, named: str
) -> None:
    before = (await loaded.submodels.get("urn:sm")).body()
    with pytest.raises(BadRequest, match=named):
        await loaded.write_value("urn:sm", path, value, actor="client")
    assert (await loaded.submodels.get("urn:sm")).body() == before
    assert (await loaded.submodels.get("urn:sm")).stored.revision == 1


async def test_missing_submodels_and_elements_are_not_found(loaded: Repository) -> None:
    with pytest.raises(NotFound, match="urn:no"):
        await loaded.write_value("urn:no", ("Temp",), 1, actor="client")
    with pytest.raises(NotFound, match="Nope"):
        await loaded.write_value("urn:sm", ("Nope",), 1, actor="client")


class RefusingWriter:
    async def write(self, point: LivePoint, value: Any) -> None:
        raise BadRequest("no", path=point.sink.name)


async def test_a_live_value_is_written_to_its_device_and_never_stored(
    loaded: Repository, hub: LiveHub
) -> None:
    sink = resolve_sink(SUBMODEL, ("Box", "Count"))
    point = hub.register(sink, RefusingWriter())
    hub.apply([(point, LiveValue(42, Quality.GOOD, GOOD, 1, 1))])
    with pytest.raises(BadRequest, match="no"):
        await loaded.write_value("urn:sm", ("Box", "Count"), 5, actor="client")
    with pytest.raises(Forbidden, match="by itself"):
        await loaded.write_value("urn:sm", ("Box",), {"Text": "x", "Count": 5}, actor="client")
    assert (await element(loaded, "Box", "Count"))["value"] == "42"
    await loaded.write_value("urn:sm", ("Box", "Text"), "stored", actor="client")
    stored = msgspec.json.decode((await loaded.submodels.get("urn:sm")).stored.body)
    assert stored["submodelElements"][6]["value"][0] == SUBMODEL["submodelElements"][6]["value"][0]
    assert (await element(loaded, "Box", "Text"))["value"] == "stored"
    assert (await element(loaded, "Box", "Count"))["value"] == "42"


async def test_a_document_with_live_values_follows_them_and_a_decoded_one_too(
    loaded: Repository, hub: LiveHub
) -> None:
    document = await loaded.submodels.get("urn:sm")
    assert document.slot(("Temp",)) is None
    point = hub.register(resolve_sink(SUBMODEL, ("Temp",)))
    hub.apply([(point, LiveValue(2.0, Quality.GOOD, GOOD, 1, 1))])
    assert (await element(loaded, "Temp"))["value"] == "2.0"
    assert document.slot(("Temp",)) is not None
    hub.unregister([point])
    assert (await element(loaded, "Temp"))["value"] == "1.50"
    assert "qualifiers" not in await element(loaded, "Temp")


async def test_a_point_that_is_gone_and_back_between_two_reads_is_not_missed(
    loaded: Repository, hub: LiveHub
) -> None:
    first = hub.register(resolve_sink(SUBMODEL, ("Temp",)))
    hub.apply([(first, LiveValue(2.0, Quality.GOOD, GOOD, 1, 1))])
    assert (await element(loaded, "Temp"))["value"] == "2.0"
    hub.unregister([first])
    second = hub.register(resolve_sink(SUBMODEL, ("Temp",)))
    hub.apply([(second, LiveValue(3.0, Quality.GOOD, GOOD, 1, 1))])
    assert (await element(loaded, "Temp"))["value"] == "3.0"


def test_only_the_documents_read_last_are_kept_decoded(hub: LiveHub) -> None:
    decoded = DecodedTrees(capacity=2 * len(b'{"id":"x"}'))
    documents = [
        Document(StoredDocument(Kind.SHELL, f"urn:{n}", n, 1, b'{"id":"x"}', 0, 0), hub, decoded)
        for n in range(3)
    ]
    first, second = documents[0].tree(), documents[1].tree()
    assert documents[0].tree() is first
    documents[2].tree()
    assert documents[0].tree() is first
    assert documents[1].tree() is not second


async def test_each_state_of_a_generated_submodel_has_a_tag_of_its_own(
    repository: Repository, clock: FakeClock
) -> None:
    tags = []
    for state in ("up", "down", "down", "up"):
        status = {"modelType": "Submodel", "id": "urn:status", "idShort": state}
        tags.append(repository.put_generated(status).etag())
    assert tags[1] == tags[2]
    assert len(set(tags)) == 3
    clock.advance(1)
    restarted = Repository(MemoryStore(clock), LiveHub(clock), clock)
    status = {"modelType": "Submodel", "id": "urn:status", "idShort": "down"}
    assert restarted.put_generated(status).etag() not in tags


async def test_generated_submodels_stand_last_are_read_only_and_never_stored(
    clock: FakeClock, hub: LiveHub
) -> None:
    store = MemoryStore(clock)
    repository = Repository(store, hub, clock)
    status = {
        "modelType": "Submodel",
        "id": "urn:status",
        "submodelElements": [
            {"modelType": "Property", "idShort": "Up", "valueType": "xs:boolean", "value": "true"}
        ],
    }
    repository.put_generated(status)
    await repository.add_missing([(Kind.SUBMODEL, SUBMODEL)], actor="test")
    repository.put_generated(status)
    assert [document.id async for document in repository.submodels] == ["urn:sm", "urn:status"]
    with pytest.raises(Forbidden, match="generated"):
        await repository.write_value("urn:status", ("Up",), False, actor="client")
    with pytest.raises(BadRequest, match="taken"):
        repository.put_generated(SUBMODEL)
    assert [stored.id async for stored in store.documents()] == ["urn:sm"]


async def test_an_id_that_is_stored_is_not_reserved_wherever_its_document_is(
    clock: FakeClock, hub: LiveHub
) -> None:
    store = MemoryStore(clock)
    await Repository(store, hub, clock).add_missing([(Kind.SUBMODEL, SUBMODEL)], actor="test")
    restarted = Repository(store, hub, clock)
    with pytest.raises(BadRequest, match="taken"):
        await restarted.reserve_generated(SUBMODEL["id"])
    await restarted.reserve_generated("urn:status")
    assert (await restarted.submodels.get(SUBMODEL["id"])).id == SUBMODEL["id"]
    with pytest.raises(Forbidden, match="generated"):
        await restarted.delete(Kind.SUBMODEL, "urn:status", actor="test")


async def test_loading_again_leaves_what_clients_changed(clock: FakeClock, hub: LiveHub) -> None:
    store = MemoryStore(clock)
    first = Repository(store, hub, clock)
    await first.add_missing([(Kind.SUBMODEL, SUBMODEL)], actor="load")
    await first.write_value("urn:sm", ("Temp",), 9.0, actor="client")
    second = Repository(store, hub, clock)
    await second.open()
    assert await second.add_missing([(Kind.SUBMODEL, SUBMODEL)], actor="load") == []
    assert (await element(second, "Temp"))["value"] == "9.0"


def write(folder: Path, name: str, content: Any) -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else msgspec.json.encode(content))
    return file


def test_environments_are_read_from_files_and_folders(tmp_path: Path) -> None:
    write(tmp_path, "b.json", b"\xef\xbb\xbf" + msgspec.json.encode({"submodels": [SUBMODEL]}))
    shell = {"modelType": "AssetAdministrationShell", "id": "urn:aas"}
    write(tmp_path, "a.json", {"assetAdministrationShells": [shell], "submodels": [SUBMODEL]})
    write(tmp_path, "notes.txt", b"no JSON")
    documents = read_environments([tmp_path], max_bytes=10**6)
    assert documents == [(Kind.SHELL, shell), (Kind.SUBMODEL, SUBMODEL)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not JSON"),
        (b'{"a":' * 5000, "not JSON"),
        ([], "no AAS environment"),
        ({"Submodels": []}, "no AAS environment"),
        ({"submodels": {}}, "submodels: must be an array"),
        ({"submodels": [SUBMODEL | {"id": 5}]}, r"submodels\[0\]\.id"),
        ({"submodels": [SUBMODEL, SUBMODEL | {"idShort": "Other"}]}, "with other content"),
        ({"submodels": [{"modelType": "Submodel"}] * 30}, "and 10 more"),
        (b" " * 2_000_000, "larger than"),
    ],
)
def test_a_file_that_is_no_environment_is_refused_with_its_name(
    tmp_path: Path, content: Any, reason: str
) -> None:
    file = write(tmp_path, "x.json", content)
    with pytest.raises(ConfigurationError, match=reason) as caught:
        read_environments([file], max_bytes=1_000_000)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nope\.json: cannot read it"):
        read_environments([tmp_path / "nope.json"], max_bytes=10)


async def test_of_a_document_that_is_made_anew_all_the_time_one_is_held(
    repository: Repository,
) -> None:
    for number in range(20):
        made = {"modelType": "Submodel", "id": "urn:made", "idShort": f"Made{number}"}
        repository.put_generated(made).tree()

    assert list(repository._decoded._documents) == [repository.submodels.cached("urn:made")]
