"""An element that shows another one's value shows its quality and its times with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aas_server.bindings import replanning
from aas_server.live.values import GOOD, Quality
from tests.bindings.aid.described import DATA, Described, data, running
from tests.bindings.aid.documents import AIMC_ID, Node, mapping, to_element
from tests.bindings.http.device import Device, Response, running_device
from tests.bindings.opcua.plant import until

COPY = "urn:test:copy"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replanning, "DEBOUNCE", 0.02)


@pytest.fixture
def device() -> Iterator[Device]:
    with running_device() as device:
        device.answers["/t"] = Response(b'{"v": 1.5, "ts": "2026-01-02T03:04:05Z", "q": "good"}')
        yield device


def copies(*names: str, leaf: str = "Property", source: str = DATA, **more: Any) -> Node:
    """A mapping of elements of ``source`` to those of the same names in COPY."""
    pairs = [
        (to_element(source, name, leaf=leaf), to_element(COPY, name, leaf="Property"))
        for name in names
    ]
    return mapping(*pairs, **more)


def live(server: Described, path: str, submodel: str = COPY) -> Any:
    return getattr(server.live(path, submodel), "value", None)


async def test_a_stored_value_is_good_since_its_commit(tmp_path: Path) -> None:
    async with running(Described(tmp_path)) as server:
        await server.put(data("Tag", value="1.5"), data("Tag", identifier=COPY), copies("Tag"))

        shown = await server.good("Tag", COPY)
        document = await server.repository.submodels.get(DATA)
        assert (shown.value, shown.status_code) == (1.5, GOOD)
        assert shown.source_timestamp == document.stored.updated

        await server.repository.write_value(DATA, ("Tag",), 2.5, actor="test")

        await until(lambda: live(server, "Tag") == 2.5)


@pytest.mark.parametrize(
    ("value_type", "text", "shown"),
    [
        ("xs:boolean", "true", True),
        ("xs:int", "-7", -7),
        ("xs:double", "INF", float("inf")),
        ("xs:dateTime", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("xs:string", "text", "text"),
    ],
)
async def test_values_of_every_type_are_shown_as_they_are(
    value_type: str, text: str, shown: Any, tmp_path: Path
) -> None:
    async with running(Described(tmp_path)) as server:
        source = data("Tag", value=text, value_type=value_type)
        sink = data("Tag", identifier=COPY, value_type=value_type)

        await server.put(source, sink, copies("Tag"))

        assert (await server.good("Tag", COPY)).value == shown


async def test_texts_in_several_languages_are_shown_too(tmp_path: Path) -> None:
    texts = [{"language": "de", "text": "An"}, {"language": "en", "text": "On"}]
    element = {"modelType": "MultiLanguageProperty", "idShort": "State"}
    source = {
        "modelType": "Submodel",
        "id": DATA,
        "submodelElements": [{**element, "value": texts}],
    }
    sink = {"modelType": "Submodel", "id": COPY, "submodelElements": [element]}
    async with running(Described(tmp_path)) as server:
        await server.put(source, sink, copies("State", leaf="MultiLanguageProperty"))

        assert (await server.good("State", COPY)).value == texts


async def test_a_machine_s_value_keeps_its_quality_and_its_time(
    device: Device, tmp_path: Path
) -> None:
    row = {
        "connection": "d",
        "href": "t",
        "member": "v",
        "timestamp": "ts",
        "quality": "q",
        "sink": {"submodel": DATA, "path": "Tag"},
    }
    url = f"http://127.0.0.1:{device.port}/"
    plant = {"connections": {"d": {"url": url, "interval": "50ms"}}, "bindings": [row]}
    async with running(Described(tmp_path, plant=plant)) as server:
        await server.put(data("Tag"), data("Tag", identifier=COPY), copies("Tag"))

        shown = await server.good("Tag", COPY)
        source = await server.good("Tag")
        assert (shown.value, shown.source_timestamp) == (1.5, source.source_timestamp)

        device.answers["/t"] = Response(b'{"v": 7, "ts": "2026-01-02T03:04:06Z", "q": "uncertain"}')
        await until(lambda: live(server, "Tag") == 7.0)
        assert getattr(server.live("Tag", COPY), "quality", None) is Quality.UNCERTAIN

        device.stop()
        await until(lambda: getattr(server.live("Tag", COPY), "quality", None) is Quality.BAD)
        assert live(server, "Tag") == 7.0


async def test_a_source_that_ceases_to_be_a_machine_s_is_the_stored_one(
    device: Device, tmp_path: Path
) -> None:
    device.answers["/t"] = Response(b"9.5")
    row = {"connection": "d", "href": "t", "sink": {"submodel": DATA, "path": "Tag"}}
    url = f"http://127.0.0.1:{device.port}/"
    plant = {"connections": {"d": {"url": url, "interval": "50ms"}}, "bindings": [row]}
    async with running(Described(tmp_path, plant=plant)) as server:
        await server.put(data("Tag", value="1"), data("Tag", identifier=COPY), copies("Tag"))
        await until(lambda: live(server, "Tag") == 9.5)

        await server.put(data("Other"))
        await until(lambda: "no such element" in server.problems().get(f"{COPY}/Tag", ""))

        assert getattr(server.live("Tag", COPY), "quality", None) is Quality.BAD


async def test_a_part_of_what_a_machine_shows_is_as_good_as_the_whole(
    device: Device, tmp_path: Path
) -> None:
    device.answers["/t"] = Response(b'{"a": 1.5, "b": 2.5}')
    row = {"connection": "d", "href": "t", "format": "json"}
    url = f"http://127.0.0.1:{device.port}/"
    plant = {
        "connections": {"d": {"url": url, "interval": "50ms"}},
        "bindings": [{**row, "sink": {"submodel": DATA, "path": "Whole"}}],
    }
    whole = {
        "modelType": "SubmodelElementCollection",
        "idShort": "Whole",
        "value": [
            {"modelType": "Property", "idShort": name, "valueType": "xs:double", "value": "0"}
            for name in "ab"
        ],
    }
    source = {"modelType": "Submodel", "id": DATA, "submodelElements": [whole]}
    to_part = mapping(
        (to_element(DATA, "Whole", "b", leaf="Property"), to_element(COPY, "Tag", leaf="Property"))
    )
    async with running(Described(tmp_path, plant=plant)) as server:
        await server.put(source, data("Tag", identifier=COPY), to_part)
        await until(lambda: live(server, "Tag") == 2.5)
        assert (await server.good("Tag", COPY)).value == 2.5

        device.answers["/t"] = Response(b'{"a": 1.5, "b": 7}')
        await until(lambda: live(server, "Tag") == 7.0)

        device.stop()
        await until(lambda: getattr(server.live("Tag", COPY), "quality", None) is Quality.BAD)


async def test_chains_are_followed_to_their_end(tmp_path: Path) -> None:
    names = ("Ax", "Bx", "Cx")
    elements = [to_element(DATA, name, leaf="Property") for name in names]
    async with running(Described(tmp_path)) as server:
        await server.put(data(*names, value="1"))
        await server.put(mapping((elements[0], elements[1]), (elements[1], elements[2])))
        await until(lambda: live(server, "Cx", DATA) == 1.0)

        await server.repository.write_value(DATA, ("Ax",), 5, actor="test")

        await until(lambda: live(server, "Cx", DATA) == 5.0)


async def test_a_source_that_is_no_value_says_so_and_heals(tmp_path: Path) -> None:
    async with running(Described(tmp_path)) as server:
        await server.put(data("Tag"), data("Tag", "Sum", identifier=COPY), copies("Tag", "Sum"))

        await until(lambda: len(server.problems()) == 2)
        assert server.problems() == {
            f"{COPY}/Tag": "its source has no value",
            f"{COPY}/Sum": "its source is not there: the submodel has no such element",
        }
        assert getattr(server.live("Tag", COPY), "quality", None) is Quality.BAD

        await server.put(data("Tag", "Sum", value="3"))

        await server.good("Tag", COPY)
        await server.good("Sum", COPY)
        assert server.problems() == {}


async def test_a_value_that_the_sink_cannot_take_is_bad(tmp_path: Path) -> None:
    async with running(Described(tmp_path)) as server:
        source = data("Tag", value="text", value_type="xs:string")
        await server.put(source, data("Tag", identifier=COPY), copies("Tag"))

        await until(lambda: f"{COPY}/Tag" in server.problems())

        assert "is not a text of xs:double" in server.problems()[f"{COPY}/Tag"]


async def test_the_stored_value_is_shown_again_once_nobody_maps_to_it(tmp_path: Path) -> None:
    async with running(Described(tmp_path)) as server:
        sink = data("Tag", identifier=COPY, value="7")
        await server.put(data("Tag", value="1.5"), sink, copies("Tag"))
        await server.good("Tag", COPY)

        await server.delete(AIMC_ID)

        await server.gone("Tag", COPY)
        document = await server.repository.submodels.get(COPY)
        assert document.tree()["submodelElements"][0]["value"] == "7"
