"""Every security policy, mode and kind of user against a machine on a stack that is not ours."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua.ua.uaerrors import UaStatusCodeError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from structlog.testing import capture_logs

from aas_server.bindings.check import check
from aas_server.bindings.opcua.opening import open_session
from aas_server.bindings.opcua.pki import Pki, application_uri
from aas_server.bindings.opcua.problems import ConnectionRefused, describe, is_permanent
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings
from aas_server.bindings.service import DEBOUNCE
from aas_server.bindings.status import STATUS_ID, ConnectionReport, ConnectionState
from tests.bindings.opcua.certificates import (
    Authority,
    der,
    key_of,
    key_pem,
    key_usage,
    self_signed,
    write_pair,
)
from tests.bindings.opcua.plant import Plant, row, running, until
from tests.support.processes import ManagedProcess

USER = "operator"
PASSWORD_VARIABLE = "GUARDED_PASSWORD"
PASSPHRASE_VARIABLE = "GUARDED_PASSPHRASE"
PASSPHRASE = "open sesame"
SCRIPT = Path(__file__).parent / "opcua" / "guarded-machine.mjs"

SECURED = [
    (policy, mode)
    for policy in ("Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss")
    for mode in ("Sign", "SignAndEncrypt")
]
LATER = datetime.now(UTC) + timedelta(days=1000)
USAGE = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
EVERY = [("None", "None"), *SECURED]
PASSWORD = {"user": USER, "password": {"env": PASSWORD_VARIABLE}}


@dataclass(frozen=True, slots=True)
class Guarded:
    """The machine, who vouches for it, and what it knows: our certificate and a user's."""

    url: str
    root: Authority
    middle: Authority
    certificate: bytes
    ours: bytes
    password: str
    folder: Path

    def user(self, name: str = "user") -> dict[str, Any]:
        files = self.folder / name
        return {
            "userCertificate": str(files / "certificate.der"),
            "userPrivateKey": str(files / "key.pem"),
            "userPrivateKeyPassphrase": {"env": PASSPHRASE_VARIABLE},
        }


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    node = shutil.which("node")
    if node is None or not (SCRIPT.parent / "node_modules").is_dir():
        pytest.fail("the system tests need Node.js and its packages: run them by `make test`")
    folder = tmp_path_factory.mktemp("guarded")
    root = Authority("root")
    middle = Authority("middle", root)
    theirs = middle.issue()
    chain = [each.public_bytes(Encoding.PEM) for each in (theirs, middle.certificate)]
    (folder / "chain.pem").write_bytes(b"".join(chain))
    (folder / "key.pem").write_bytes(key_pem(key_of("machine")))
    usage = key_usage(*USAGE)
    ours = der(self_signed("us", uri=application_uri(), until=LATER, usage=usage))
    known = folder / "pki" / "users" / "trusted" / "certs"
    applications = folder / "pki" / "application" / "trusted" / "certs"
    for each in (known, applications):
        each.mkdir(parents=True)
    (applications / "us.der").write_bytes(ours)
    for name in ("user", "stranger"):
        pair = write_pair(folder / name, self_signed(name, uri=f"urn:test:{name}"), key_of(name))
        pair.key.write_bytes(key_pem(key_of(name), PASSPHRASE))
        if name == "user":
            (known / "user.der").write_bytes(pair.der)
    password = secrets.token_urlsafe(12)
    with closing(
        ManagedProcess(
            [
                *(node, SCRIPT, "--pki-dir", folder / "pki"),
                *("--certificate", folder / "chain.pem", "--private-key", folder / "key.pem"),
                *("--user", USER, "--password-env", PASSWORD_VARIABLE),
            ],
            folder=folder,
            environment={PASSWORD_VARIABLE: password},
        )
    ) as process:
        ready = process.wait_for_line(_ready, within=60)
        yield Guarded(ready["url"], root, middle, der(theirs), ours, password, folder)


@pytest.fixture
def pki(guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our folder: it trusts the root of those who vouch for the machine."""
    folder = tmp_path / "pki"
    for name, content in {
        "trusted/root.der": der(guarded.root.certificate),
        "own/private_key.pem": key_pem(key_of("us")),
        "own/certificate.der": guarded.ours,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    monkeypatch.setenv(PASSWORD_VARIABLE, guarded.password)
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    return folder


async def connect(guarded: Guarded, pki: Path, *, host: str = "127.0.0.1", **security: Any) -> str:
    """Connect and return the security of the channel that a value was read over."""
    settings = OpcUaConnectionSettings.model_validate(
        {"url": guarded.url.replace("127.0.0.1", host), "security": security}
    )
    session = await open_session(settings, Pki(pki))
    try:
        assert "urn:test:machine" in session.namespaces
        used = session._client.security_policy
        return f"{used.URI.rpartition('#')[2]}/{used.Mode.name.rstrip('_')}"
    finally:
        await session.close()


async def refused(guarded: Guarded, pki: Path, **options: Any) -> str:
    with pytest.raises(ConnectionRefused) as refusal:
        await connect(guarded, pki, **options)
    assert guarded.password not in refusal.value.text
    return refusal.value.text


@pytest.mark.parametrize(("policy", "mode"), EVERY)
@pytest.mark.parametrize("user", ["anonymous", "password", "certificate"])
async def test_every_policy_and_mode_works_with_every_kind_of_user(
    guarded: Guarded, pki: Path, policy: str, mode: str, user: str
) -> None:
    who = {"anonymous": {}, "password": PASSWORD, "certificate": guarded.user()}[user]

    assert await connect(guarded, pki, policy=policy, mode=mode, **who) == f"{policy}/{mode}"


@pytest.mark.parametrize(
    ("minimum", "chosen"),
    [
        ("Basic256Sha256/Sign", "Aes256_Sha256_RsaPss/SignAndEncrypt"),
        ("None/None", "Aes256_Sha256_RsaPss/SignAndEncrypt"),
    ],
)
async def test_the_best_endpoint_above_the_minimum_is_taken(
    guarded: Guarded, pki: Path, minimum: str, chosen: str
) -> None:
    assert await connect(guarded, pki, minimum=minimum) == chosen


@pytest.mark.parametrize(
    "who",
    [
        lambda guarded: guarded.user("stranger"),
        lambda _: {"user": "somebody", "password": {"env": PASSWORD_VARIABLE}},
        lambda _: {"user": USER, "password": {"env": PASSPHRASE_VARIABLE}},
    ],
    ids=["certificate", "user", "password"],
)
async def test_who_is_not_known_is_refused_and_not_tried_again_soon(
    guarded: Guarded, pki: Path, who: Callable[[Guarded], dict[str, Any]]
) -> None:
    with pytest.raises(UaStatusCodeError) as refusal:
        await connect(guarded, pki, minimum="Basic256Sha256/Sign", **who(guarded))

    assert is_permanent(refusal.value)


@pytest.mark.parametrize("user", ["password", "certificate"])
async def test_a_user_is_told_over_an_open_channel_only_to_a_machine_that_is_trusted(
    guarded: Guarded, pki: Path, user: str
) -> None:
    (pki / "trusted" / "root.der").unlink()

    who = PASSWORD if user == "password" else guarded.user()
    assert "is not trusted" in await refused(guarded, pki, policy="None", **who)


async def test_a_machine_that_does_not_trust_us_says_so(guarded: Guarded, pki: Path) -> None:
    (pki / "own" / "certificate.der").unlink()

    with pytest.raises(UaStatusCodeError) as refusal:
        await connect(guarded, pki, policy="Basic256Sha256")

    assert is_permanent(refusal.value)
    assert "Does the machine trust our certificate" in describe(refusal.value)


async def test_a_machine_that_does_not_know_our_renewed_certificate_is_shown_the_former_one(
    guarded: Guarded, pki: Path
) -> None:
    own = pki / "own"
    (own / "certificate.der").rename(own / f"replaced-{LATER:%Y-%m-%d}.der")
    settings = OpcUaConnectionSettings.model_validate(
        {"url": guarded.url, "security": {"minimum": "Basic256Sha256/Sign"}}
    )

    session = await open_session(settings, Pki(pki))
    await session.close()

    assert session.notice is not None
    assert "does not trust our renewed certificate" in session.notice
    assert str(LATER.date()) in session.notice


async def test_a_machine_is_refused_until_its_certificate_is_trusted(
    guarded: Guarded, pki: Path
) -> None:
    (pki / "trusted" / "root.der").unlink()
    assert "is not trusted" in await refused(guarded, pki, policy="Basic256Sha256")
    (kept,) = (pki / "rejected").iterdir()
    assert kept.read_bytes() == guarded.certificate

    kept.rename(pki / "trusted" / kept.name)

    await connect(guarded, pki, policy="Basic256Sha256")


async def test_a_machine_whose_certificate_was_revoked_is_refused(
    guarded: Guarded, pki: Path
) -> None:
    (pki / "crl").mkdir()
    moment = datetime.now(UTC)
    theirs = x509.load_der_x509_certificate(guarded.certificate)
    (pki / "crl" / "middle.crl").write_bytes(
        guarded.middle.revoke(theirs, since=moment - timedelta(hours=1))
    )

    assert "'machine' was revoked" in await refused(guarded, pki, policy="Basic256Sha256")


async def test_a_machine_under_a_host_that_its_certificate_does_not_name_is_refused(
    guarded: Guarded, pki: Path
) -> None:
    policy = {"policy": "Basic256Sha256"}

    assert "for other hosts" in await refused(guarded, pki, host="localhost", **policy)
    await connect(guarded, pki, host="localhost", checkHost=False, **policy)


WRONG = "not-what-it-is"


@pytest.mark.parametrize("is_right", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize("user", ["password", "certificate"])
async def test_no_secret_is_shown_anywhere(
    guarded: Guarded,
    pki: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    user: str,
    is_right: bool,
) -> None:
    variable = PASSWORD_VARIABLE if user == "password" else PASSPHRASE_VARIABLE
    if not is_right:
        monkeypatch.setenv(variable, WRONG)
    who = PASSWORD if user == "password" else guarded.user()
    security = {"minimum": "Basic256Sha256/SignAndEncrypt", **who}
    plant = Plant(guarded.url, [row("Speed")], pki, security=security)
    caplog.set_level(logging.DEBUG)

    with capture_logs() as lines:
        checked = await check(plant.file, None, pki_dir=pki)
        async with running(plant):
            await until(lambda: _is_decided(plant.service.reports()[0]))
            report = plant.service.reports()[0]
            await asyncio.sleep(DEBOUNCE)
            status = plant.repository.submodels.cached(STATUS_ID)

    assert (report.state is ConnectionState.CONNECTED) == is_right
    assert status is not None
    told = f"{checked} {lines} {caplog.text} {report} {status.tree()} {plant.file} {security}"
    assert "machine" in told
    assert guarded.url in repr(status.tree())
    for secret in (guarded.password, PASSPHRASE, WRONG, key_pem(key_of("user"))[40:80].decode()):
        assert secret not in told


def _is_decided(report: ConnectionReport) -> bool:
    return report.state is ConnectionState.CONNECTED or report.last_error is not None


def _ready(line: str) -> dict[str, Any] | None:
    return json.loads(line) if line.startswith("{") else None
