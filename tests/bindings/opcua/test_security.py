"""A machine is talked to only as it was agreed: encrypted, with the right certificate and user."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aas_server.bindings.status import ConnectionReport, ConnectionState
from aas_server.live.values import Quality
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.certificates import KeyPair, key_of, key_pem, make_certificate
from tests.bindings.opcua.machine import PASSWORD, URI
from tests.bindings.opcua.plant import MachineProcess, Plant, row, running, until

ROWS = [row("Counter", "xs:int")]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return make_certificate(tmp_path_factory.mktemp("machine"), uri=URI)


@pytest.fixture(scope="module")
def secure_machine(theirs: KeyPair) -> Iterator[MachineProcess]:
    machine = MachineProcess(
        policies=["NoSecurity", "Basic256Sha256_SignAndEncrypt", "Aes256Sha256RsaPss_Sign"],
        certificate=str(theirs.certificate),
        key=str(theirs.key),
        users=True,
    ).start()
    yield machine
    machine.kill()


@pytest.fixture(autouse=True)
def _own_key(tmp_path: Path) -> None:
    """Making a key takes its time, and every test has a folder of its own."""
    (tmp_path / "pki" / "own").mkdir(parents=True)
    (tmp_path / "pki" / "own" / "private_key.pem").write_bytes(key_pem(key_of("us")))


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("MACHINE_PASSWORD", PASSWORD)
    return {"user": "operator", "password": {"env": "MACHINE_PASSWORD"}}


def plant_of(machine: MachineProcess, tmp_path: Path, **security: Any) -> Plant:
    return Plant(machine.url, ROWS, tmp_path / "pki", security=security)


def trust(theirs: KeyPair, tmp_path: Path) -> None:
    folder = tmp_path / "pki" / "trusted"
    folder.mkdir(parents=True)
    (folder / "machine.der").write_bytes(theirs.der)


async def counts(plant: Plant) -> None:
    await until(lambda: plant.live("Counter").quality is Quality.GOOD)
    before = plant.live("Counter").value
    await until(lambda: plant.live("Counter").value > before)


async def refusal(plant: Plant) -> str:
    def refused() -> ConnectionReport | None:
        return next((r for r in plant.service.reports() if r.last_error), None)

    report = await until(refused)
    assert report.state is ConnectionState.DISCONNECTED
    assert plant.live("Counter").quality is Quality.BAD
    assert PASSWORD not in (report.last_error or "")
    return report.last_error or ""


@pytest.mark.parametrize(
    ("policy", "mode"),
    [("Basic256Sha256", "SignAndEncrypt"), ("Aes256_Sha256_RsaPss", "Sign")],
)
async def test_values_come_over_a_secured_connection_with_a_user(
    secure_machine: MachineProcess,
    theirs: KeyPair,
    operator: dict[str, Any],
    tmp_path: Path,
    policy: str,
    mode: str,
) -> None:
    trust(theirs, tmp_path)
    plant = plant_of(secure_machine, tmp_path, policy=policy, mode=mode, **operator)
    async with running(plant):
        await counts(plant)


async def test_a_pinned_certificate_needs_no_other_trust(
    secure_machine: MachineProcess, theirs: KeyPair, operator: dict[str, Any], tmp_path: Path
) -> None:
    plant = plant_of(
        secure_machine,
        tmp_path,
        policy="Basic256Sha256",
        serverCertificate=str(theirs.certificate),
        **operator,
    )
    async with running(plant):
        await counts(plant)


async def test_a_machine_with_another_certificate_than_the_pinned_is_refused(
    secure_machine: MachineProcess, operator: dict[str, Any], tmp_path: Path
) -> None:
    other = make_certificate(tmp_path / "other")
    plant = plant_of(
        secure_machine,
        tmp_path,
        policy="Basic256Sha256",
        serverCertificate=str(other.certificate),
        **operator,
    )
    async with running(plant):
        assert "another certificate" in await refusal(plant)


async def test_an_unknown_machine_is_refused_until_its_certificate_is_trusted(
    secure_machine: MachineProcess, theirs: KeyPair, operator: dict[str, Any], tmp_path: Path
) -> None:
    plant = plant_of(secure_machine, tmp_path, policy="Basic256Sha256", **operator)
    async with running(plant):
        assert "not trusted" in await refusal(plant)
        (kept,) = (tmp_path / "pki" / "rejected").iterdir()
        assert kept.read_bytes() == theirs.der

        kept.rename(tmp_path / "pki" / "trusted" / kept.name)

        await until(lambda: plant.live("Counter").quality is Quality.GOOD, within=20)
        await counts(plant)


async def test_a_wrong_password_is_reported_as_such(
    secure_machine: MachineProcess,
    theirs: KeyPair,
    operator: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trust(theirs, tmp_path)
    monkeypatch.setenv("MACHINE_PASSWORD", "wrong")
    plant = plant_of(secure_machine, tmp_path, policy="Basic256Sha256", **operator)
    async with running(plant):
        assert "BadUserAccessDenied" in await refusal(plant)


async def test_a_missing_password_is_reported_by_the_name_of_its_variable(
    secure_machine: MachineProcess,
    theirs: KeyPair,
    operator: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trust(theirs, tmp_path)
    monkeypatch.delenv("MACHINE_PASSWORD")
    plant = plant_of(secure_machine, tmp_path, policy="Basic256Sha256", **operator)
    async with running(plant):
        assert "MACHINE_PASSWORD" in await refusal(plant)


async def test_a_policy_that_the_machine_does_not_offer_is_refused_with_those_it_offers(
    secure_machine: MachineProcess, operator: dict[str, Any], tmp_path: Path
) -> None:
    plant = plant_of(secure_machine, tmp_path, policy="Aes128_Sha256_RsaOaep", **operator)
    async with running(plant):
        text = await refusal(plant)

    assert "Aes128_Sha256_RsaOaep/SignAndEncrypt" in text
    assert "Basic256Sha256/SignAndEncrypt" in text


async def test_a_machine_that_wants_a_user_is_reported_to_those_without(
    secure_machine: MachineProcess, tmp_path: Path
) -> None:
    plant = plant_of(secure_machine, tmp_path)
    async with running(plant):
        assert "configure user and password" in await refusal(plant)


async def test_a_password_is_never_sent_in_the_clear(
    make_machine: MachineFactory, operator: dict[str, Any], tmp_path: Path
) -> None:
    plant = plant_of(make_machine(users=True), tmp_path, **operator)
    async with running(plant):
        assert "unencrypted" in await refusal(plant)


async def test_a_password_goes_over_an_open_channel_only_encrypted_for_a_trusted_machine(
    secure_machine: MachineProcess, theirs: KeyPair, operator: dict[str, Any], tmp_path: Path
) -> None:
    plant = plant_of(secure_machine, tmp_path, **operator)
    async with running(plant):
        assert "not trusted" in await refusal(plant)

    (tmp_path / "pki" / "trusted" / "machine.der").write_bytes(theirs.der)
    again = plant_of(secure_machine, tmp_path, **operator)
    async with running(again):
        await counts(again)
