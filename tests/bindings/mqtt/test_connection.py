"""What only MQTT has: retained messages, last wills, TLS, refusals of a broker, two versions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from aas_server.clock import SystemClock
from aas_server.errors import DeviceFailed, DeviceRefusedAccess
from tests.bindings.messages.benches import MqttBench
from tests.bindings.messages.plant import BrokerPlant, connected, running, until
from tests.support.certificates import Identity, make_identity
from tests.support.mosquitto import Mosquitto, Tls, running_mosquitto

USERS = {"aas": "secret word", "guest": "guest"}


class TestRetained:
    async def test_a_retained_value_is_uncertain_until_a_live_one_comes(
        self, mqtt: MqttBench, topic: str, tmp_path: Path
    ) -> None:
        await mqtt.publish(topic, "1.5", retain=True)

        async with running(BrokerPlant(mqtt.url, [mqtt.row(topic)], tmp_path)) as plant:
            await until(lambda: plant.shows("Value", 1.5, "uncertain"))
            assert plant.status("Value") == "UncertainLastUsableValue"
            assert plant.problem("Value") is None

            await mqtt.publish(topic, "2.5", retain=True)
            await until(lambda: plant.shows("Value", 2.5))

    async def test_a_topic_with_wildcards_shows_the_newest_of_what_it_matches(
        self, mqtt: MqttBench, topic: str, tmp_path: Path
    ) -> None:
        rows = [
            mqtt.row(f"{topic}.+.t"),
            mqtt.row(f"{topic}.#", "All"),
            mqtt.row(f"{topic}.a.t", "A"),
        ]
        async with running(BrokerPlant(mqtt.url, rows, tmp_path)) as plant:
            await connected(plant)

            await mqtt.publish(f"{topic}.a.t", "1")
            await until(lambda: plant.shows("Value", 1.0) and plant.shows("A", 1.0))
            await mqtt.publish(f"{topic}.b.t", "2")
            await until(lambda: plant.shows("Value", 2.0))
            await mqtt.publish(f"{topic}.b", "3")
            await until(lambda: plant.shows("All", 3.0))

            assert plant.shows("Value", 2.0)
            assert plant.shows("A", 1.0)


class TestAvailability:
    @pytest.fixture
    def row(self, mqtt: MqttBench, topic: str) -> dict[str, Any]:
        return mqtt.row(topic, availability={"topic": f"{topic}/lwt", "offline": "gone"})

    async def test_a_last_will_makes_the_value_bad_until_a_new_one_after_the_return(
        self, mqtt: MqttBench, topic: str, row: dict[str, Any], tmp_path: Path
    ) -> None:
        will = aiomqtt.Will(f"{topic}/lwt", "gone", 1, retain=True)
        async with running(BrokerPlant(mqtt.url, [row], tmp_path)) as plant:
            await connected(plant)
            device = mqtt.client(will=will, keepalive=5)
            await device.__aenter__()
            await device.publish(f"{topic}/lwt", "online", 1, retain=True)
            await device.publish(topic, "1", 1, retain=True)
            await until(lambda: plant.shows("Value", 1.0))

            device._client._sock_close()  # its cable is pulled
            await until(lambda: plant.shows("Value", 1.0, "bad"))
            assert plant.status("Value") == "BadNoCommunication"
            assert "availability" in (plant.problem("Value") or "")
            await mqtt.publish(topic, "2")  # it cannot be from the device
            await until(
                lambda: plant.metric("aas_binding_values_dropped_total", reason="offline") == 1
            )

            await mqtt.publish(f"{topic}/lwt", "online", retain=True)
            await until(lambda: plant.problem("Value") is None)
            assert plant.shows("Value", 1.0, "bad")
            await mqtt.publish(topic, "3")
            await until(lambda: plant.shows("Value", 3.0))

    async def test_what_the_broker_kept_of_a_device_that_is_gone_is_bad(
        self, mqtt: MqttBench, topic: str, row: dict[str, Any], tmp_path: Path
    ) -> None:
        await mqtt.publish(topic, "1", retain=True)
        await mqtt.publish(f"{topic}/lwt", "gone", retain=True)

        async with running(BrokerPlant(mqtt.url, [row], tmp_path)) as plant:
            await until(lambda: plant.status("Value") == "BadNoCommunication")
            await until(lambda: "availability" in (plant.problem("Value") or ""))

    async def test_a_binding_that_comes_later_knows_that_its_device_is_gone(
        self, mqtt: MqttBench, topic: str, row: dict[str, Any], tmp_path: Path
    ) -> None:
        first = {**row, "sink": {**row["sink"], "path": "First"}}
        async with running(BrokerPlant(mqtt.url, [first, row], tmp_path)) as plant:
            await plant.use([first])
            await connected(plant)
            await mqtt.publish(topic, "1")
            await until(lambda: plant.shows("First", 1.0))
            await mqtt.publish(f"{topic}/lwt", "gone")
            await until(lambda: plant.shows("First", 1.0, "bad"))

            await plant.use([first, row])

            await until(lambda: plant.status("Value") == "BadNoCommunication")
            assert "availability" in (plant.problem("Value") or "")

    async def test_values_before_a_last_will_in_one_burst_do_not_outlive_it(
        self, mqtt: MqttBench, topic: str, row: dict[str, Any], tmp_path: Path
    ) -> None:
        async with (
            running(BrokerPlant(mqtt.url, [row], tmp_path)) as plant,
            mqtt.client() as client,
        ):
            await connected(plant)
            for number in range(50):
                await client.publish(topic, str(number), 0)
            await client.publish(f"{topic}/lwt", "gone", 0)

            await until(lambda: plant.status("Value") == "BadNoCommunication")
            await asyncio.sleep(0.1)
            assert plant.shows("Value", 49.0, "bad")


class TestVersions:
    @pytest.mark.parametrize("version", ["3.1.1", "5"])
    async def test_both_versions_read_and_write(
        self, mqtt: MqttBench, topic: str, tmp_path: Path, version: str
    ) -> None:
        row = mqtt.row(topic, qos=2, **mqtt.write(topic, qos=2))
        async with running(BrokerPlant(mqtt.url, [row], tmp_path, version=version)) as plant:
            await connected(plant)

            await plant.write("Value", 4.5)

            await until(lambda: plant.shows("Value", 4.5))

    @pytest.mark.parametrize("version", ["3.1.1", "5"])
    async def test_a_session_that_is_continued_gets_what_came_meanwhile(
        self, own_mosquitto: Mosquitto, topic: str, tmp_path: Path, version: str
    ) -> None:
        bench = MqttBench(own_mosquitto)
        options = {"version": version, "cleanStart": False, "clientId": "aas"}
        async with running(BrokerPlant(bench.url, [bench.row(topic)], tmp_path, **options)) as one:
            await connected(one)
        await bench.publish(topic, "1", "2")

        async with running(BrokerPlant(bench.url, [bench.row(topic)], tmp_path, **options)) as two:
            await until(lambda: two.shows("Value", 2.0))


@pytest.fixture(scope="module")
def guarded() -> Iterator[Mosquitto]:
    """A broker with passwords and rules: the guest reads everything and writes one topic."""
    rules = "user aas\ntopic readwrite #\nuser guest\ntopic read #\ntopic write allowed/#\n"
    with running_mosquitto(users=USERS, rules=rules) as broker:
        yield broker


@pytest.fixture
def guest(guarded: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> MqttBench:
    monkeypatch.setenv("AAS_TEST_MQTT", USERS["guest"])
    bench = MqttBench(guarded, username="aas", password=USERS["aas"])
    bench.connection = {"user": "guest", "password": {"env": "AAS_TEST_MQTT"}}
    return bench


class TestRefusals:
    async def test_a_wrong_password_is_told_and_not_tried_again_soon(
        self, guest: MqttBench, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AAS_TEST_MQTT", "wrong")
        plant = BrokerPlant(guest.url, [guest.row(topic)], tmp_path, **guest.connection)
        refusals = guest.broker.log().count("not authorised")
        async with running(plant):
            await until(lambda: "Not authorized" in (plant.report().last_error or ""))
            await asyncio.sleep(2.5)

            assert guest.broker.log().count("not authorised") == refusals + 1
            assert "wrong" not in repr(plant.report())

    async def test_what_may_not_be_published_is_refused_with_the_broker_s_reason(
        self, guest: MqttBench, topic: str, tmp_path: Path
    ) -> None:
        rows = [
            guest.row(topic, "Forbidden", **guest.write(f"forbidden.{topic}")),
            guest.row(topic, "Allowed", **guest.write(f"allowed.{topic}")),
        ]
        plant = BrokerPlant(guest.url, rows, tmp_path, **guest.connection)
        async with running(plant), guest.listening(f"allowed.{topic}") as heard:
            await connected(plant)

            with pytest.raises(DeviceRefusedAccess, match="Not authorized"):
                await plant.write("Forbidden", 1.0)
            await plant.write("Allowed", 2.0)

            await until(lambda: heard)
            assert plant.metric("aas_binding_writes_total", result="DeviceRefusedAccess") == 1

    async def test_a_topic_that_may_not_be_subscribed_is_a_problem_of_its_binding_alone(
        self, topic: str, tmp_path: Path
    ) -> None:
        with running_mosquitto(unsubscribable="secret/#") as broker:
            bench = MqttBench(broker)
            rows = [bench.row("secret.t"), bench.row(topic, "Other")]
            async with running(BrokerPlant(bench.url, rows, tmp_path)) as plant:
                await connected(plant)

                assert "refuses the subscription of secret/t" in (plant.problem("Value") or "")
                assert plant.status("Value") == "BadUserAccessDenied"
                await bench.publish(topic, "1")
                await until(lambda: plant.shows("Other", 1.0))
                assert plant.problem("Other") is None


@pytest.fixture(scope="module")
def authority() -> Identity:
    return make_identity(SystemClock(), "Authority", is_authority=True)


class TestTls:
    @pytest.fixture
    def secured(self, authority: Identity, tmp_path: Path) -> Iterator[MqttBench]:
        server = make_identity(SystemClock(), "Broker", issuer=authority, address="127.0.0.1")
        key, certificate = server.files(tmp_path / "broker")
        _, issuer = authority.files(tmp_path / "authority")
        with running_mosquitto(users=USERS, tls=Tls(certificate, key)) as broker:
            bench = MqttBench(
                broker,
                username="aas",
                password=USERS["aas"],
                tls_params=aiomqtt.TLSParameters(ca_certs=str(issuer)),
            )
            bench.url = bench.url.replace("mqtt:", "mqtts:")
            bench.connection = {
                "user": "aas",
                "password": {"file": str(tmp_path / "password")},
                "ca": str(issuer),
            }
            (tmp_path / "password").write_text(USERS["aas"] + "\n")
            yield bench

    async def test_a_broker_whose_certificate_is_trusted_is_read_and_written(
        self, secured: MqttBench, topic: str, tmp_path: Path
    ) -> None:
        rows = [secured.row(topic, _valueType="xs:string", **secured.write(topic))]
        plant = BrokerPlant(secured.url, rows, tmp_path, **secured.connection)
        async with running(plant):
            await connected(plant)

            # More than one record of TLS, and more than one read.
            await secured.publish(topic, "x" * 100_000)
            await until(lambda: plant.shows("Value", "x" * 100_000))
            await plant.write("Value", "on")
            await until(lambda: plant.shows("Value", '"on"'))

    async def test_a_broker_whose_certificate_nobody_vouches_for_is_not_talked_to(
        self, secured: MqttBench, topic: str, tmp_path: Path
    ) -> None:
        _, other = make_identity(SystemClock(), "Other", is_authority=True).files(tmp_path / "o")
        options = {**secured.connection, "ca": str(other)}
        plant = BrokerPlant(secured.url, [secured.row(topic)], tmp_path, **options)
        async with running(plant):
            await until(lambda: "not trusted" in (plant.report().last_error or ""))

            # Its user name and password were never sent.
            assert "not authorised" not in secured.broker.log()
            assert plant.status("Value") == "BadNoCommunication"

    async def test_a_certificate_for_another_host_is_not_trusted(
        self, secured: MqttBench, topic: str, tmp_path: Path
    ) -> None:
        url = secured.url.replace("127.0.0.1", "localhost")
        plant = BrokerPlant(url, [secured.row(topic)], tmp_path, **secured.connection)
        async with running(plant):
            await until(lambda: "localhost" in (plant.report().last_error or ""))

    async def test_a_broker_that_wants_to_know_us_gets_our_certificate(
        self, authority: Identity, topic: str, tmp_path: Path
    ) -> None:
        server = make_identity(SystemClock(), "Broker", issuer=authority, address="127.0.0.1")
        ours = make_identity(SystemClock(), "aas", issuer=authority)
        key, certificate = server.files(tmp_path / "broker")
        own_key, own = ours.files(tmp_path / "own")
        _, issuer = authority.files(tmp_path / "authority")
        options: dict[str, Any] = {"ca": str(issuer)}
        with running_mosquitto(tls=Tls(certificate, key, issuer)) as broker:
            bench = MqttBench(broker)
            url = bench.url.replace("mqtt:", "mqtts:")
            async with running(BrokerPlant(url, [bench.row(topic)], tmp_path, **options)) as plant:
                await until(lambda: plant.report().state.value == "disconnected")
            options |= {"certificate": str(own), "privateKey": str(own_key)}
            async with running(BrokerPlant(url, [bench.row(topic)], tmp_path, **options)) as plant:
                await connected(plant)

    async def test_files_that_are_no_certificates_are_told_by_their_names(
        self, mqtt: MqttBench, topic: str, tmp_path: Path
    ) -> None:
        rubbish = tmp_path / "ca.pem"
        rubbish.write_text("rubbish")
        url = mqtt.url.replace("mqtt:", "mqtts:")
        plant = BrokerPlant(url, [mqtt.row(topic)], tmp_path, ca=str(rubbish))
        async with running(plant):
            await until(lambda: "ca.pem" in (plant.report().last_error or ""))


async def test_without_a_version_that_tells_reasons_a_broker_s_no_is_not_heard(
    mqtt: MqttBench, topic: str, tmp_path: Path
) -> None:
    """Why 5 is the default: with 3.1.1 nobody tells that a value reaches no device."""
    row = mqtt.row(topic, **mqtt.write(f"{topic}.set"))
    async with running(BrokerPlant(mqtt.url, [row], tmp_path, version="3.1.1")) as plant:
        await connected(plant)
        await plant.write("Value", 1.0)
    async with running(BrokerPlant(mqtt.url, [row], tmp_path, version="5")) as plant:
        await connected(plant)
        with pytest.raises(DeviceFailed, match="nobody has subscribed"):
            await plant.write("Value", 1.0)


async def test_a_flood_leaves_the_server_its_turn_and_the_newest_value(
    mqtt: MqttBench, topic: str, tmp_path: Path
) -> None:
    """A publisher that is faster than we are: the event loop never stands still for long."""
    rows = [mqtt.row(topic, qos=0, _valueType="xs:int")]
    async with running(BrokerPlant(mqtt.url, rows, tmp_path, keepAlive=10)) as plant:
        await connected(plant)
        command = f"seq 50000 | mosquitto_pub -p {mqtt.broker.port} -t {topic} -l"
        flood = await asyncio.create_subprocess_exec("bash", "-c", command)
        ended = asyncio.create_task(flood.wait())
        longest, looked, values = 0.0, time.thread_time(), set[int]()
        while not ended.done():
            await asyncio.sleep(0)
            now = time.thread_time()  # of our own: the machine may have much to do besides
            longest, looked = max(longest, now - looked), now
            values.add(plant.live("Value").value)
        await mqtt.publish(topic, "-1")

        await until(lambda: plant.shows("Value", -1))
        assert longest < 0.5
        assert len(values) > 3, "values were shown meanwhile"
        assert plant.metric("aas_binding_values_received_total") > 1000
