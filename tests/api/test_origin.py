"""The addresses that the server gives out: its own, a proxy's, or the configured one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.api.origin import Origin, origin_of
from aas_server.api.settings import ApiSettings
from aas_server.errors import BadRequest
from tests.api.documents import API
from tests.api.sockets import request, serving
from tests.support.clock import FakeClock
from tests.support.services import make_app

PROXY = "10.0.0.1"


def seen(headers: dict[str, str], *, client: str | None = PROXY, **settings: Any) -> str:
    scope = {
        "type": "http",
        "path": "/api/v3/shells",
        "scheme": "http",
        "client": None if client is None else (client, 1),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    allowed: dict[str, Any] = {"trusted_proxies": (PROXY,), **settings}
    return origin_of(scope, ApiSettings(version="1", **allowed)).url


def test_without_a_proxy_it_is_the_host_that_the_client_asked():
    assert seen({"Host": "plant:8080"}) == "http://plant:8080/api/v3"
    assert seen({"Host": "[::1]:8080"}) == "http://[::1]:8080/api/v3"
    assert seen({}) == "http://localhost/api/v3"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Forwarded-Host": "twins.example"}, "http://twins.example/api/v3"),
        (
            {"X-Forwarded-Host": "evil.example, a.example", "X-Forwarded-Proto": "http, https"},
            "https://a.example/api/v3",
        ),
        (
            {"X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/plant/one/"},
            "https://inside/plant/one/api/v3",
        ),
        ({"Forwarded": "for=1.2.3.4;proto=https;host=a.example"}, "https://a.example/api/v3"),
        (
            {"Forwarded": 'host=evil.example, Host="a.example:8443"; Proto=HTTPS'},
            "https://a.example:8443/api/v3",
        ),
        (
            {"Forwarded": 'for="a\\"b, host=evil.example";host="a.ex\\ample"'},
            "http://a.example/api/v3",
        ),
        (
            {"Forwarded": 'for="[2001:db8::1]:47011";host="[2001:db8::2]:8080";proto=https;;'},
            "https://[2001:db8::2]:8080/api/v3",
        ),
        (
            {"Forwarded": "host=a.example", "X-Forwarded-Host": "b.example"},
            "http://a.example/api/v3",
        ),
        ({"Forwarded": "for=1.2.3.4", "X-Forwarded-Proto": "https"}, "https://inside/api/v3"),
        ({"Forwarded": "", "X-Forwarded-Host": ""}, "http://inside/api/v3"),
        ({"Forwarded": "host=evil.example, for=1.2.3.4"}, "http://inside/api/v3"),
    ],
)
def test_a_trusted_proxy_says_where_its_clients_are(headers, expected):
    assert seen({"Host": "inside", **headers}) == expected


@pytest.mark.parametrize("client", ["10.0.0.2", None])
def test_nobody_else_is_believed(client):
    lies = {
        "Host": "inside",
        "Forwarded": "host=evil.example;proto=https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/evil",
    }
    assert seen(lies, client=client) == "http://inside/api/v3"


def test_the_configured_address_stands_over_all():
    told = {"Host": "inside", "X-Forwarded-Host": "other.example"}
    address = "https://twins.example/plant/"
    assert seen(told, external_url=address) == "https://twins.example/plant/api/v3"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "a/b"},
        {"Host": 'a"b'},
        {"Host": "user@host"},
        {"Host": "x" * 300},
        {"Host": "inside", "X-Forwarded-Host": "a b"},
        {"Host": "inside", "X-Forwarded-Proto": "javascript"},
        {"Host": "inside", "X-Forwarded-Prefix": "//evil"},
        {"Host": "inside", "X-Forwarded-Prefix": "/a?b"},
        {"Host": "inside", "Forwarded": 'host="a/b"'},
        {"Host": "inside", "Forwarded": "proto=ftp"},
        {"Host": "inside", "Forwarded": ';;="'},
        {"Host": "inside", "Forwarded": 'host="a.example'},
        {"Host": "inside", "Forwarded": "host=a.example b.example"},
        {"Host": "inside", "Forwarded": "host"},
    ],
)
def test_what_is_no_address_is_refused(headers):
    with pytest.raises(BadRequest):
        seen(headers)


def test_a_location_is_a_path_that_every_header_can_hold():
    origin = Origin("https://twins.example/plant", "/api/v3")
    location = origin.location("/submodels/a/submodel-elements/List[0].Wärme")
    assert location == b"/plant/api/v3/submodels/a/submodel-elements/List%5B0%5D.W%C3%A4rme"


async def test_endpoints_and_locations_follow_the_host(client):
    response = await client.get("/api/v3/shell-descriptors", headers={"host": "plant.example:81"})
    (endpoint, *_) = response.json()["result"][0]["endpoints"]
    href = endpoint["protocolInformation"]["href"]
    assert href.startswith("http://plant.example:81/api/v3/shells/")


@given(st.text(max_size=60))
def test_whatever_a_proxy_says_becomes_an_address_or_is_refused(text):
    scope = {
        "path": "/api/v3/shells",
        "scheme": "http",
        "client": (PROXY, 1),
        "headers": [(b"host", b"inside"), (b"forwarded", text.encode("latin-1", "replace"))],
    }
    try:
        url = origin_of(scope, ApiSettings(version="1", trusted_proxies=(PROXY,))).url
    except BadRequest:
        return
    assert re.fullmatch(r"https?://[\w.~:\[\]-]+/api/v3", url, re.ASCII)


async def test_of_several_lines_of_a_header_the_last_one_counts():
    lines = [(b"forwarded", b"host=evil.example"), (b"forwarded", b"host=a.example")]
    scope = {"path": "/api/v3/x", "scheme": "http", "client": (PROXY, 1), "headers": lines}
    settings = ApiSettings(version="1", trusted_proxies=(PROXY,))
    assert origin_of(scope, settings).root == "http://a.example"


@pytest.mark.parametrize("fast", [True, False])
async def test_on_the_wire_a_trusted_proxy_is_believed_and_a_stranger_is_not(filled, fast):
    asked = request(f"{API}/shell-descriptors", Forwarded="host=twins.example;proto=https")
    trusted = make_app(filled, FakeClock(), fast_lane=fast, trusted_proxies=("127.0.0.1",))
    async with serving(trusted) as server:
        assert b'"https://twins.example/api/v3/shells/' in await server.ask(asked)
        refused = await server.ask(asked.replace(b"twins.example", b"a/b"))
        assert refused.startswith(b"HTTP/1.1 400 ")
        assert b'"Host: names no host"' in refused
    async with serving(make_app(filled, FakeClock(), fast_lane=fast)) as server:
        answer = await server.ask(asked)
        assert b'"http://test/api/v3/shells/' in answer
        assert b"twins.example" not in answer
