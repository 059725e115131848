"""HTTP servers are polled: their values, their silence and their failures are told as they are."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aas_server.bindings.plant.http import HttpConnectionSettings
from aas_server.clock import SystemClock
from aas_server.errors import DeviceFailed, DeviceRefusedValue, DeviceUnreachable
from aas_server.live.values import (
    BAD_NO_COMMUNICATION,
    UNCERTAIN_LAST_USABLE_VALUE,
    Quality,
    status_name,
)
from tests.bindings.aid.described import DATA, Described, data, running
from tests.bindings.http.device import Device, Request, Response, running_device
from tests.bindings.opcua.plant import until
from tests.support.certificates import make_identity


@pytest.fixture
def device() -> Iterator[Device]:
    with running_device() as device:
        device.answers["/api/t"] = Response(b'{"value": 21.5, "ts": "2026-01-02T03:04:05Z"}')
        yield device


def row(path: str, href: str = "t", **more: Any) -> dict[str, Any]:
    return {"connection": "d", "href": href, "sink": {"submodel": DATA, "path": path}, **more}


def served(device: Device, folder: Path, *rows: dict[str, Any], **connection: Any) -> Described:
    settings = {"url": device.url, "interval": "50ms", "timeout": "300ms", **connection}
    return Described(folder, plant={"connections": {"d": settings}, "bindings": list(rows)})


async def started(server: Described, *names: str, value_type: str = "xs:double") -> None:
    await server.put(data(*names, value_type=value_type))


def show(device: Device, path: str, content: Any, **more: Any) -> None:
    device.answers[path] = Response(json.dumps(content).encode(), **more)


async def value(server: Described, path: str, wanted: Any) -> None:
    await until(lambda: getattr(server.live(path), "value", None) == wanted)


async def quality(server: Described, path: str, wanted: Quality) -> None:
    await until(lambda: getattr(server.live(path), "quality", None) is wanted)


async def problem(server: Described, path: str, text: str) -> None:
    await until(lambda: text in server.problems().get(f"{DATA}/{path}", ""))


async def test_members_of_an_answer_feed_elements_and_it_is_asked_for_once(
    device: Device, tmp_path: Path
) -> None:
    show(device, "/api/t", {"a": {"b": [1, 2.5]}, "c": 3})
    rows = [row("A", member="a.b[1]"), row("C", member="c")]
    async with running(served(device, tmp_path, *rows, interval="1s")) as server:
        await started(server, "A", "C")

        assert (await server.good("A")).value == 2.5
        assert (await server.good("C")).value == 3.0

        await until(lambda: server.status()["d"]["State"] == "connected")
        assert len(device.requests) <= 2


async def test_an_address_is_asked_again_and_again(device: Device, tmp_path: Path) -> None:
    async with running(served(device, tmp_path, row("T", member="value"))) as server:
        await started(server, "T")
        await value(server, "T", 21.5)

        show(device, "/api/t", {"value": 22})

        await value(server, "T", 22.0)


async def test_texts_and_whole_payloads_are_read_and_the_root_is_the_server_s(
    device: Device, tmp_path: Path
) -> None:
    device.answers["/plain?unit=2"] = Response(b" 7.25\n")
    device.answers["/api/json"] = Response(b'"run"')
    rows = [row("A", "/plain?unit=2", format="text"), row("B", "json", format="json")]
    async with running(served(device, tmp_path, *rows)) as server:
        await started(server, "A", "B", value_type="xs:string")

        assert (await server.good("A")).value == "7.25"
        assert (await server.good("B")).value == "run"


def test_an_address_lies_below_the_url_with_or_without_a_slash() -> None:
    for url in ("http://h:1/api", "http://h:1/api/"):
        settings = HttpConnectionSettings.model_validate({"url": url})
        assert settings.address("t?x=1") == "http://h:1/api/t?x=1"
        assert settings.address("/t") == "http://h:1/t"


async def test_a_failure_is_bad_with_the_reason_and_of_one_address_alone(
    device: Device, tmp_path: Path
) -> None:
    rows = [row("T", member="value"), row("U", "none", member="value")]
    async with running(served(device, tmp_path, *rows)) as server:
        await started(server, "T", "U")
        await server.good("T")

        await quality(server, "U", Quality.BAD)
        await until(lambda: f"{DATA}/U" in server.problems())
        assert server.problems() == {
            f"{DATA}/U": "the server answered 404 Not Found: no such thing"
        }

        show(device, "/api/none", {"value": 1})
        await server.good("U")
        assert server.problems() == {}


@pytest.mark.parametrize(
    ("status", "name"), [(500, "BadDeviceFailure"), (403, "BadUserAccessDenied")]
)
async def test_a_value_that_was_good_becomes_bad_and_stays(
    status: int, name: str, device: Device, tmp_path: Path
) -> None:
    async with running(served(device, tmp_path, row("T", member="value"))) as server:
        await started(server, "T")
        await server.good("T")

        device.answers["/api/t"] = Response(b"<html>no</html>", status)

        await quality(server, "T", Quality.BAD)
        live = server.live("T")
        assert live is not None
        assert (live.value, status_name(live.status_code)) == (21.5, name)


async def test_a_server_that_is_gone_makes_all_bad_until_it_is_back(
    device: Device, tmp_path: Path
) -> None:
    rows = [row("T", member="value"), row("U", "/u", format="text")]
    device.answers["/u"] = Response(b"1")
    async with running(served(device, tmp_path, *rows)) as server:
        await started(server, "T", "U")
        await server.good("T")
        await server.good("U")

        device.stop()

        for path in ("T", "U"):
            await quality(server, path, Quality.BAD)
            live = server.live(path)
            assert live is not None
            assert live.status_code == BAD_NO_COMMUNICATION
        await until(lambda: server.status()["d"]["State"] == "disconnected")
        assert "no connection to the server" in server.status()["d"]["LastError"]

        device.start()

        await server.good("T")
        await server.good("U")


async def test_one_address_that_hangs_does_not_take_the_others_with_it(
    device: Device, tmp_path: Path
) -> None:
    rows = [row("T", member="value"), row("U", "/u", format="text")]
    device.answers["/u"] = Response(b"1")
    async with running(served(device, tmp_path, *rows)) as server:
        await started(server, "T", "U")
        await server.good("U")

        device.answers["/u"] = Response(b"1", delay=0.8)

        await quality(server, "U", Quality.BAD)
        live = server.live("T")
        assert live is not None
        assert live.quality is Quality.GOOD
        await until(lambda: "did not answer in time" in server.problems().get(f"{DATA}/U", ""))


async def test_answers_that_are_too_large_are_refused(device: Device, tmp_path: Path) -> None:
    device.answers["/api/t"] = Response(b'{"value": "' + b"x" * 5000 + b'"}')
    async with running(
        served(device, tmp_path, row("T", member="value"), maxPayload=1000)
    ) as server:
        await started(server, "T", value_type="xs:string")

        await problem(server, "T", "more than 1000 bytes (maxPayload)")


async def test_what_is_no_value_is_bad_and_says_why(device: Device, tmp_path: Path) -> None:
    show(device, "/api/t", {"other": 1})
    async with running(served(device, tmp_path, row("T", member="value"))) as server:
        await started(server, "T")

        await problem(server, "T", "has no member value")
        await quality(server, "T", Quality.BAD)


async def test_redirects_are_followed_within_the_server_only(
    device: Device, tmp_path: Path
) -> None:
    with running_device() as other:
        other.answers["/t"] = Response(b"1")
        here, there = "/real", f"http://127.0.0.1:{other.port}/t"
        device.answers["/real"] = Response(b"5")
        device.answers["/a"] = Response(status=302, headers={"location": here})
        device.answers["/b"] = Response(status=307, headers={"location": there})
        device.answers["/c"] = Response(status=302, headers={"location": "/c"})
        rows = [row(name.upper(), f"/{name}", format="text") for name in "abc"]
        connection = {"token": {"file": str(tmp_path / "token")}}
        (tmp_path / "token").write_text("s3cret")
        async with running(served(device, tmp_path, *rows, **connection)) as server:
            await started(server, "A", "B", "C")

            assert (await server.good("A")).value == 5.0
            await until(lambda: len(server.problems()) == 2)

            assert "redirects to another one" in server.problems()[f"{DATA}/B"]
            assert "again and again" in server.problems()[f"{DATA}/C"]
        assert other.requests == []
        assert device.requests[0].headers["authorization"] == "Bearer s3cret"


async def test_a_user_and_headers_are_sent(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVICE_PASSWORD", "geheim")
    credentials = {"user": "u", "password": {"env": "DEVICE_PASSWORD"}}
    one = row("T", member="value", headers={"Accept": "application/json"})
    async with running(served(device, tmp_path, one, **credentials)) as server:
        await started(server, "T")
        await server.good("T")

    (request, *_) = device.requests
    assert request.headers["authorization"] == "Basic dTpnZWhlaW0="
    assert request.headers["accept"] == "application/json"


async def test_only_a_server_whose_certificate_is_trusted_is_talked_to(tmp_path: Path) -> None:
    clock = SystemClock()
    authority = make_identity(clock, "Authority", is_authority=True)
    _, trusted = authority.files(tmp_path / "authority")
    server = make_identity(clock, "Device", issuer=authority, address="127.0.0.1")
    key, certificate = server.files(tmp_path / "device")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    with running_device(tls) as device:
        show(device, "/api/t", {"value": 1.5})
        settings = {"url": device.url, "interval": "50ms"}
        plant = {
            "connections": {"d": {**settings, "ca": str(trusted)}, "e": settings},
            "bindings": [
                row("Tx", member="value"),
                row("Ux", member="value") | {"connection": "e"},
            ],
        }
        async with running(Described(tmp_path, plant=plant)) as server_:
            await started(server_, "Tx", "Ux")

            assert (await server_.good("Tx")).value == 1.5
            await until(lambda: "LastError" in server_.status()["e"])
            assert "certificate is not trusted" in server_.status()["e"]["LastError"]
            assert getattr(server_.live("Ux"), "quality", None) is Quality.BAD


async def test_a_secret_that_is_not_there_is_told(device: Device, tmp_path: Path) -> None:
    credentials = {"user": "u", "password": {"env": "NOT_SET_ANYWHERE"}}
    async with running(served(device, tmp_path, row("T"), **credentials)) as server:
        await started(server, "T")

        await until(lambda: server.status()["d"]["State"] == "disconnected")

        assert "NOT_SET_ANYWHERE must hold a secret" in server.status()["d"]["LastError"]
    assert device.requests == []


async def test_a_known_answer_is_not_sent_again_and_its_value_stays_good(
    device: Device, tmp_path: Path
) -> None:
    def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == '"7"':
            return Response(status=304)
        return Response(b'{"value": 1.5}', headers={"etag": '"7"'})

    device.answers["/api/t"] = answer
    async with running(served(device, tmp_path, row("T", member="value"))) as server:
        await started(server, "T")
        first = await server.good("T")

        await until(lambda: len(device.asked("/api/t")) > 3)
        await until(lambda: getattr(server.live("T"), "received_timestamp", 0) != first)

        live = await server.good("T")
        assert live.value == 1.5
        assert live.received_timestamp is not None
        assert first.received_timestamp is not None
        assert live.received_timestamp > first.received_timestamp
        assert [each.headers.get("if-none-match") for each in device.requests[:2]] == [None, '"7"']


async def test_the_time_of_a_value_is_what_the_server_says(device: Device, tmp_path: Path) -> None:
    moment = 1_767_323_045_000_000  # 2026-01-02T03:04:05Z
    device.answers["/u"] = Response(
        b"1", headers={"last-modified": "Fri, 02 Jan 2026 03:04:05 GMT"}
    )
    device.answers["/v"] = Response(b"1", headers={"last-modified": "yesterday"})
    rows = [
        row("T", member="value", timestamp="ts"),
        row("U", "/u", format="text", timeHeader="Last-Modified"),
        row("V", "/v", format="text", timeHeader="Last-Modified"),
        row("W", member="value", timestamp="ts", expectedInterval="10s"),
    ]
    async with running(served(device, tmp_path, *rows)) as server:
        await started(server, "T", "U", "V", "W")

        assert (await server.good("T")).source_timestamp == moment
        assert (await server.good("U")).source_timestamp == moment
        await until(lambda: f"{DATA}/V" in server.problems())
        assert "which is no date" in server.problems()[f"{DATA}/V"]
        # Its time is long past: nobody measured since.
        await until(
            lambda: getattr(server.live("W"), "status_code", 0) == UNCERTAIN_LAST_USABLE_VALUE
        )


async def test_only_so_many_requests_are_under_way_at_once(device: Device, tmp_path: Path) -> None:
    names = [f"P{index}" for index in range(12)]
    for name in names:
        device.answers[f"/{name}"] = Response(b"1", delay=0.03)
    rows = [row(name, f"/{name}", format="text") for name in names]
    async with running(served(device, tmp_path, *rows, maxRequests=3, timeout="2s")) as server:
        await started(server, *names)
        for name in names:
            await server.good(name)

    assert device.most_at_once == 3


async def test_values_are_written_and_the_answer_is_the_server_s(
    device: Device, tmp_path: Path
) -> None:
    def put(request: Request) -> Response:
        if request.method == "GET":
            return Response(b'{"value": 1.5}')
        number = json.loads(request.body)["value"]
        if number > 100:
            return Response(b"too much", 422)
        if number < 0:
            return Response(b"", 500)
        show(device, "/api/t", {"value": number})
        return Response(status=204)

    device.answers["/api/t"] = put
    one = row("T", member="value", direction="readWrite", write={"member": "value"}, interval="1h")
    async with running(served(device, tmp_path, one)) as server:
        await started(server, "T")
        await server.good("T")
        write = server.repository.write_value

        with pytest.raises(DeviceRefusedValue, match=r"422 .*: too much"):
            await write(DATA, ("T",), 101, actor="test")
        with pytest.raises(DeviceFailed, match="500 Internal Server Error"):
            await write(DATA, ("T",), -1, actor="test")
        await write(DATA, ("T",), 7.5, actor="test")

        # Shown once the server itself says so, and asked at once.
        await value(server, "T", 7.5)
        sent = [each for each in device.requests if each.method == "PUT"]
        assert sent[-1].headers["content-type"] == "application/json"

        device.stop()
        with pytest.raises(DeviceUnreachable):
            await write(DATA, ("T",), 8, actor="test")


async def test_what_is_not_wanted_any_more_is_not_asked_for(device: Device, tmp_path: Path) -> None:
    async with running(served(device, tmp_path, row("T", member="value"))) as server:
        await started(server, "T")
        await server.good("T")

        await server.delete(DATA)
        await server.gone("T")
        await asyncio.sleep(0.1)
        count = len(device.requests)
        await asyncio.sleep(0.2)

        assert len(device.requests) == count
