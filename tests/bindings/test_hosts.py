"""An uploaded description goes only where the operator lets it go."""

from __future__ import annotations

import pytest

from aas_server.bindings.hosts import AllowedHosts, same_base
from aas_server.errors import ConfigurationError

ALLOWED = AllowedHosts.parse(
    [
        "plc7.example",
        "broker.example:8883",
        "*.hall3.example",
        "10.2.0.0/16",
        "192.0.2.9:4840",
        "[fd00:2::/32]:4840",
        "2001:db8::7",
    ]
)


@pytest.mark.parametrize(
    "url",
    [
        "opc.tcp://plc7.example:4840/mill",
        "opc.tcp://PLC7.Example.:4840",
        "http://plc7.example/values",
        "mqtts://broker.example",
        "opc.tcp://press-017.hall3.example:4840",
        "opc.tcp://10.2.255.1:4840",
        "opc.tcp://[::ffff:10.2.0.1]:4840",
        "opc.tcp://192.0.2.9",
        "opc.tcp://[fd00:2::5]:4840",
        "https://[2001:DB8:0::7]:8443/",
    ],
)
def test_what_is_listed_is_allowed(url: str) -> None:
    assert ALLOWED.refusal(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "opc.tcp://plc8.example:4840",
        "opc.tcp://plc7.example.evil.test:4840",
        "mqtts://broker.example:1883",
        "opc.tcp://hall3.example:4840",
        "opc.tcp://evilhall3.example:4840",
        "opc.tcp://10.3.0.1:4840",
        "opc.tcp://192.0.2.9:4841",
        "opc.tcp://[fd00:2::5]:4841",
        "opc.tcp://[fd00:3::5]:4840",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost/",
    ],
)
def test_what_is_not_listed_is_refused_by_host_and_port(url: str) -> None:
    assert "connection_hosts does not allow" in (ALLOWED.refusal(url) or "")


@pytest.mark.parametrize(
    "url",
    [
        "http://10.2.1/",
        "http://167903233/",
        "http://0x0a020001/",
        "http://012.2.0.1/",
        "http://10.2.0.1@evil.test/",
        "http://user:secret@10.2.0.1/",
        "http://10.2.0.1\\@evil.test/",
        "http://10.2.0.1\t/",
        "http://１0.2.0.1/",
        "http://[fe80::1%25eth0]/",
        "http://[10.2.0.1/",
        "http://10.2.0.1:99999/",
        "http://10.2.0.1:0/",
        "http:///values",
        "file://10.2.0.1/etc/passwd",
        "ftp://10.2.0.1/",
        "10.2.0.1:4840",
        "",
        "http://10.2.0.1/" + "x" * 3000,
    ],
)
def test_an_address_that_can_be_read_in_two_ways_is_refused_without_being_shown(url: str) -> None:
    reason = ALLOWED.refusal(url)

    assert reason is not None
    assert "secret" not in reason


def test_nothing_is_allowed_when_nothing_is_listed() -> None:
    assert AllowedHosts().refusal("opc.tcp://127.0.0.1:4840") is not None


def test_a_name_is_not_looked_up_to_see_whether_it_lies_in_an_allowed_network() -> None:
    everywhere = AllowedHosts.parse(["0.0.0.0/0", "::/0"])

    assert everywhere.refusal("http://198.51.100.1/") is None
    assert "a name has to be named" in (everywhere.refusal("http://localhost/") or "")


def test_what_the_operator_wrote_into_the_plant_file_is_allowed_with_its_port() -> None:
    hosts = AllowedHosts.parse(["plc7.example"]).including(
        ["opc.tcp://mill.example:4841/mill", "mqtt://[::1]"]
    )

    assert hosts.refusal("opc.tcp://plc7.example:4840") is None
    assert hosts.refusal("opc.tcp://mill.example:4841/other") is None
    assert hosts.refusal("mqtt://[::1]:1883") is None
    assert hosts.refusal("opc.tcp://mill.example:4840") is not None
    assert hosts.refusal("mqtt://[::1]:1884") is not None


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "*",
        "*.10.0.0.1",
        "http://plc7.example",
        "plc7.example:",
        "plc7.example:0",
        "plc7.example:70000",
        "10.0.0.5/8",
        "10.0.0.0/33",
        "plc 7",
        "10.1",
        "[fd00::1",
    ],
)
def test_an_entry_that_is_no_host_is_named(entry: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        AllowedHosts.parse(["plc7.example", entry])

    assert str(error.value).startswith(f"connection_hosts: {entry!r}")


def test_every_wrong_entry_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as error:
        AllowedHosts.parse(["10.0.0.5/8", "*"])

    assert len(str(error.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("opc.tcp://plc7.example:4840/mill", "opc.tcp://PLC7.example"),
        ("mqtts://broker.example", "mqtts://broker.example:8883/"),
        ("http://[::1]/a", "http://[0:0::1]:80/b"),
        ("http://10.0.0.1/", "http://[::ffff:10.0.0.1]/"),
    ],
)
def test_secrets_go_to_the_same_scheme_host_and_port(one: str, other: str) -> None:
    assert same_base(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("opc.tcp://plc7.example:4840", "opc.tcp://plc7.example:4841"),
        ("opc.tcp://plc7.example:4840", "opc.tcp://plc8.example:4840"),
        ("https://plc7.example:8080", "http://plc7.example:8080"),
        ("http://plc7.example", "http://plc7.example@evil.test"),
        ("nonsense", "nonsense"),
        ("", ""),
    ],
)
def test_secrets_go_nowhere_else(one: str, other: str) -> None:
    assert not same_base(one, other)
