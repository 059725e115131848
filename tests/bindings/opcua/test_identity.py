"""Our own certificate: made once, renewed in time, never a moment without a pair that fits."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from structlog.testing import capture_logs

from aas_server.bindings.opcua.identity import (
    KEEP_REPLACED,
    OwnCertificate,
    application_uri,
    read_identity,
)
from aas_server.bindings.opcua.pki import WARN_BEFORE, ApplicationIdentity, Pki
from aas_server.bindings.opcua.problems import ConnectionRefused, LinkLost
from aas_server.bindings.opcua.security import hand_over
from aas_server.bindings.opcua.session import LONGEST_CHANNEL, OpcUaSession
from aas_server.bindings.plant.security import SecuritySettings
from aas_server.clock import to_microseconds
from tests.bindings.opcua.certificates import der, key_of, key_pem, self_signed, write_pair
from tests.support.clock import FakeClock

NOW = datetime.now(UTC)
PASSPHRASE = "open sesame"


@pytest.fixture
def own(tmp_path: Path) -> OwnCertificate:
    """Our own folder, with a key already, for making one takes its time."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "private_key.pem").write_bytes(key_pem(key_of("us")))
    return OwnCertificate(folder)


def loaded(identity: ApplicationIdentity) -> x509.Certificate:
    return x509.load_der_x509_certificate(identity.certificate)


def test_our_certificate_names_our_application_and_host_and_is_for_clients(
    own: OwnCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "edge-3")
    address = [(2, 1, 6, "", ("192.0.2.3", 0)), (2, 1, 6, "", ("127.0.1.1", 0))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: address)

    identity = own.current(NOW)

    certificate = loaded(identity)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:edge-3:aas-server"]
    assert identity.application_uri == "urn:edge-3:aas-server"
    assert names.get_values_for_type(x509.DNSName) == ["edge-3"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.3"]
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert usage.digital_signature
    assert usage.content_commitment
    assert usage.key_encipherment
    assert usage.data_encipherment


def test_a_host_with_an_odd_name_has_a_certificate_too(
    own: OwnCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Fräse 3 " + "x" * 80)

    identity = own.current(NOW)

    assert identity.application_uri.startswith("urn:Fr%C3%A4se%203")


def test_the_key_that_is_made_is_long_enough_and_readable_by_nobody_else(tmp_path: Path) -> None:
    own = OwnCertificate(tmp_path / "own")

    certificate = loaded(own.current(NOW))

    key = tmp_path / "own" / "private_key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert certificate.public_key().key_size >= 2048  # type: ignore[union-attr]


def test_our_certificate_is_made_once(own: OwnCertificate, tmp_path: Path) -> None:
    assert own.current(NOW) == OwnCertificate(tmp_path / "own").current(NOW)


@pytest.mark.parametrize(
    ("life", "passed"),
    [(timedelta(days=1000), timedelta(days=910)), (timedelta(days=100), timedelta(days=75))],
)
def test_our_certificate_is_renewed_with_the_same_key_when_a_tenth_or_a_month_is_left(
    own: OwnCertificate, tmp_path: Path, life: timedelta, passed: timedelta
) -> None:
    until = NOW + life
    old = self_signed("us", uri=application_uri(), since=NOW, until=until)
    own.certificate.write_bytes(der(old))
    assert own.current(NOW + passed - timedelta(days=12)).certificate == der(old)

    with capture_logs() as lines:
        renewed = own.current(NOW + passed)

    assert renewed.certificate != der(old)
    assert loaded(renewed).public_key() == old.public_key()
    assert loaded(renewed).not_valid_after_utc > until
    assert (tmp_path / "own" / f"replaced-{until:%Y-%m-%d}.der").read_bytes() == der(old)
    assert own.current(NOW + passed) == renewed
    (line,) = lines
    assert "trust the new one" in line["event"]
    assert line["reason"] == f"the former one ends on {until.date()}"


def test_a_machine_may_still_know_us_by_the_last_certificate_that_has_not_ended(
    own: OwnCertificate, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    pki = Pki(tmp_path)
    assert pki.former_identity() is None
    for owner, days in (("us", -2), ("us", 20), ("us", 40), ("another", 60)):
        end = NOW + timedelta(days=days)
        old = self_signed(owner, since=NOW - timedelta(days=100), until=end)
        (folder / f"replaced-{end:%Y-%m-%d}.der").write_bytes(der(old))

    former = pki.former_identity()

    assert former is not None
    assert (former.expires - NOW).days in (39, 40)
    assert str(own.certificate) in (former.notice or "")
    assert str(former.expires.date()) in (former.notice or "")
    assert own.former(NOW + timedelta(days=41)) is None


def test_former_certificates_do_not_pile_up(own: OwnCertificate, tmp_path: Path) -> None:
    for year in range(2001, 2001 + KEEP_REPLACED + 2):
        (tmp_path / "own" / f"replaced-{year}-01-01.der").write_bytes(b"former")
    own.certificate.write_bytes(der(self_signed("us", uri="urn:former:name", until=NOW)))

    own.current(NOW)

    kept = sorted(path.name for path in (tmp_path / "own").glob("replaced-*"))
    assert len(kept) == KEEP_REPLACED
    assert kept[0] == "replaced-2004-01-01.der"
    assert kept[-1] == f"replaced-{NOW:%Y-%m-%d}.der"


def test_a_host_that_got_another_name_gets_another_certificate(
    own: OwnCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = own.current(NOW)
    monkeypatch.setattr("socket.gethostname", lambda: "moved")

    after = own.current(NOW)

    assert after.application_uri == "urn:moved:aas-server" != before.application_uri


def test_a_certificate_whose_key_got_lost_is_replaced(own: OwnCertificate, tmp_path: Path) -> None:
    own.certificate.write_bytes(der(self_signed("another", uri=application_uri())))

    renewed = own.current(NOW)

    assert loaded(renewed).public_key() == key_of("us").public_key()


def test_what_is_damaged_is_told_and_not_replaced(own: OwnCertificate) -> None:
    own.certificate.write_bytes(b"half a certif")

    with pytest.raises(ConnectionRefused, match=r"certificate\.der holds no certificate"):
        own.current(NOW)

    assert own.certificate.read_bytes() == b"half a certif"


def test_a_file_that_was_not_finished_leaves_the_former_one(
    own: OwnCertificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = self_signed("us", uri=application_uri(), until=NOW + timedelta(days=3))
    own.certificate.write_bytes(der(old))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OSError, match="No space"):
        own.current(NOW)

    assert own.certificate.read_bytes() == der(old)
    assert not list((tmp_path / "own").glob(".part-*"))


def test_many_who_start_at_once_get_one_identity(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    program = (
        "import sys, pathlib, datetime\n"
        "from aas_server.bindings.opcua.identity import OwnCertificate\n"
        "own = OwnCertificate(pathlib.Path(sys.argv[1]))\n"
        "print(own.current(datetime.datetime.now(datetime.UTC)).certificate.hex())\n"
    )
    others = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    with ThreadPoolExecutor(4) as threads:
        ours = list(threads.map(lambda _: OwnCertificate(folder).current(NOW), range(4)))

    theirs = {other.communicate(timeout=60)[0].strip() for other in others}

    assert {each.certificate.hex() for each in ours} == theirs
    assert len(theirs) == 1
    assert not list(folder.glob("replaced-*"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "pki").write_text("not a folder")

    with pytest.raises(ConnectionRefused, match="cannot be kept"):
        Pki(tmp_path / "pki").identity(None, None)


def test_a_configured_certificate_is_used_as_it_is(tmp_path: Path) -> None:
    ours = write_pair(tmp_path, self_signed("us", uri="urn:our:application"), key_of("us"))

    identity = read_identity(ours.certificate, ours.key, None, NOW)

    assert identity.application_uri == "urn:our:application"
    assert identity.certificate == ours.der


def test_a_configured_key_may_have_a_passphrase(tmp_path: Path) -> None:
    ours = write_pair(tmp_path, self_signed("us"), key_of("us"))
    ours.key.write_bytes(key_pem(key_of("us"), PASSPHRASE))

    identity = read_identity(ours.certificate, ours.key, PASSPHRASE, NOW)

    assert identity.certificate == ours.der
    assert PASSPHRASE not in repr(identity)
    assert identity.private_key.hex() not in repr(identity)
    assert str(identity.private_key) not in repr(identity)


@pytest.mark.parametrize(
    ("kept", "given", "reason"),
    [
        (PASSPHRASE, None, "needs a passphrase"),
        (None, PASSPHRASE, "is not encrypted"),
        (PASSPHRASE, "open barley", "another passphrase"),
    ],
)
def test_a_passphrase_that_does_not_fit_is_told_and_not_shown(
    tmp_path: Path, kept: str | None, given: str | None, reason: str
) -> None:
    ours = write_pair(tmp_path, self_signed("us"), key_of("us"))
    ours.key.write_bytes(key_pem(key_of("us"), kept))

    with pytest.raises(ConnectionRefused, match=reason) as refusal:
        read_identity(ours.certificate, ours.key, given, NOW)

    assert "key.pem" in refusal.value.text
    assert PASSPHRASE not in refusal.value.text
    assert refusal.value.__cause__ is None


def test_a_configured_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    ours = write_pair(tmp_path, self_signed("us"), key_of("them"))

    with pytest.raises(ConnectionRefused, match=r"key\.pem is not the private key of certificate"):
        read_identity(ours.certificate, ours.key, None, NOW)


def test_a_configured_key_that_is_too_short_is_refused(tmp_path: Path) -> None:
    ours = write_pair(tmp_path, self_signed("short", bits=1024), key_of("short", 1024))

    with pytest.raises(ConnectionRefused, match="1024 bits"):
        read_identity(ours.certificate, ours.key, None, NOW)


def test_a_configured_certificate_without_an_application_uri_is_refused(tmp_path: Path) -> None:
    ours = write_pair(tmp_path, self_signed("us", uri=""), key_of("us"))

    with pytest.raises(ConnectionRefused, match="no application URI"):
        read_identity(ours.certificate, ours.key, None, NOW)


def test_a_configured_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectionRefused, match=r"missing\.der cannot be read"):
        read_identity(tmp_path / "missing.der", tmp_path / "missing.pem", None, NOW)


def test_a_configured_certificate_that_comes_to_its_end_is_told_once_a_day_and_then_refused(
    tmp_path: Path,
) -> None:
    end = NOW + timedelta(days=60)
    ours = write_pair(tmp_path, self_signed("us", until=end), key_of("us"))
    clock = FakeClock()
    pki = Pki(tmp_path / "pki", clock)

    def go_to(moment: datetime) -> None:
        clock.advance((to_microseconds(moment) - clock.now()) / 1_000_000)

    def told(moment: datetime) -> list[str]:
        go_to(moment)
        with capture_logs() as lines:
            identity = pki.identity(ours.certificate, ours.key)
        assert ("expires on" in (identity.notice or "")) == (end - moment < WARN_BEFORE)
        return [line["event"] for line in lines]

    assert told(NOW) == []
    assert len(told(end - timedelta(days=29))) == 1
    assert told(end - timedelta(days=29) + timedelta(hours=5)) == []
    assert "put a renewed one in its place" in told(end - timedelta(days=2))[0]
    go_to(end + timedelta(seconds=1))
    with pytest.raises(ConnectionRefused, match=r"our certificate .*certificate\.der expired"):
        pki.identity(ours.certificate, ours.key)


# ---- sessions that stand for years ---------------------------------------------------------------


@pytest.fixture
def clock() -> FakeClock:
    clock = FakeClock()
    clock.advance((to_microseconds(NOW) - clock.now()) / 1_000_000)
    return clock


async def test_a_session_changes_to_the_renewed_certificate_shortly_before_its_own_ends(
    own: OwnCertificate, tmp_path: Path, clock: FakeClock
) -> None:
    old = self_signed("us", uri=application_uri(), until=NOW + timedelta(days=40))
    own.certificate.write_bytes(der(old))
    pki, settings = Pki(tmp_path, clock), SecuritySettings.model_validate({"policy": "None"})
    used = pki.identity(None, None)
    await hand_over(settings, pki, used)
    assert own.certificate.read_bytes() == der(old) == used.certificate

    clock.advance(timedelta(days=15).total_seconds())
    await hand_over(settings, pki, used)
    assert own.certificate.read_bytes() != der(old)

    clock.advance(timedelta(days=19).total_seconds())
    with pytest.raises(LinkLost, match="renewed one"):
        await hand_over(settings, pki, used)
    await hand_over(settings, pki, pki.identity(None, None))


async def test_a_session_is_not_ended_for_files_that_cannot_be_read_meanwhile(
    own: OwnCertificate, tmp_path: Path, clock: FakeClock
) -> None:
    pki, settings = Pki(tmp_path, clock), SecuritySettings.model_validate({"policy": "None"})
    used = pki.identity(None, None)
    own.certificate.write_bytes(b"half a certif")

    await hand_over(settings, pki, used)


async def test_the_certificate_is_looked_at_every_few_hours_before_the_channel_is_renewed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    happened: list[object] = []

    class Channel:
        secure_channel_timeout = timedelta(days=30).total_seconds() * 1000

        @property
        def uaclient(self) -> Channel:
            return self

        def revolve_security_token(self) -> None:
            happened.append("revolved")

        async def open_secure_channel(self, *, renew: bool) -> None:
            happened.append(f"renewed {renew}")

    async def look() -> None:
        happened.append("looked")
        if happened.count("looked") == 2:
            raise LinkLost("renewed")

    async def sleep(seconds: float) -> None:
        happened.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    session = OpcUaSession(Channel(), look)  # type: ignore[arg-type]
    with pytest.raises(LinkLost):
        await session.keep_channel()

    hours = LONGEST_CHANNEL
    assert happened == [hours, "looked", "renewed True", "revolved", hours, "looked"]
