"""Certificates: ours is made once and kept well, theirs are trusted only by decision."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from aas_server.bindings.opcua.pki import Pki, application_uri
from aas_server.bindings.opcua.problems import ConnectionRefused
from tests.bindings.opcua.certificates import make_certificate


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path / "pki")


def test_our_certificate_names_our_application_uri_and_is_for_clients(pki: Pki) -> None:
    identity = pki.identity(None, None)

    certificate = x509.load_der_x509_certificate(identity.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [application_uri()]
    assert identity.application_uri == application_uri()
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert certificate.public_key().key_size == 2048  # type: ignore[union-attr]


def test_our_key_is_readable_by_nobody_else(pki: Pki, tmp_path: Path) -> None:
    pki.identity(None, None)

    key = tmp_path / "pki" / "own" / "private_key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_our_certificate_is_made_once(pki: Pki, tmp_path: Path) -> None:
    assert pki.identity(None, None) == Pki(tmp_path / "pki").identity(None, None)


def test_our_certificate_is_renewed_with_the_same_key_before_it_expires(
    pki: Pki, tmp_path: Path
) -> None:
    first = pki.identity(None, None)
    own = tmp_path / "pki" / "own"
    soon = make_certificate(
        tmp_path / "soon",
        key=own / "private_key.pem",
        uri=application_uri(),
        until=datetime.now(UTC) + timedelta(days=3),
    )
    (own / "certificate.der").write_bytes(soon.der)

    renewed = pki.identity(None, None)

    assert renewed.certificate not in (soon.der, first.certificate)
    assert renewed.private_key == first.private_key


def test_a_configured_certificate_is_used_as_it_is(pki: Pki, tmp_path: Path) -> None:
    ours = make_certificate(tmp_path, uri="urn:our:application")

    identity = pki.identity(ours.certificate, ours.key)

    assert identity.application_uri == "urn:our:application"
    assert identity.certificate == ours.der


def test_a_key_of_another_certificate_is_refused(pki: Pki, tmp_path: Path) -> None:
    one, other = make_certificate(tmp_path / "a"), make_certificate(tmp_path / "b")

    with pytest.raises(ConnectionRefused, match="not the private key"):
        pki.identity(one.certificate, other.key)


def test_a_file_that_is_not_there_is_named(pki: Pki, tmp_path: Path) -> None:
    with pytest.raises(ConnectionRefused, match=r"missing\.der cannot be read"):
        pki.identity(tmp_path / "missing.der", tmp_path / "missing.pem")


def test_an_unknown_servers_certificate_is_refused_and_kept_to_be_looked_at(
    pki: Pki, tmp_path: Path
) -> None:
    theirs = make_certificate(tmp_path)

    with pytest.raises(ConnectionRefused, match="not trusted") as refusal:
        pki.check_server(theirs.der, None)

    (kept,) = (tmp_path / "pki" / "rejected").iterdir()
    assert kept.read_bytes() == theirs.der
    assert str(kept) in refusal.value.text
    assert str(tmp_path / "pki" / "trusted") in refusal.value.text


def test_a_certificate_that_was_moved_to_the_trusted_ones_is_accepted(
    pki: Pki, tmp_path: Path
) -> None:
    theirs = make_certificate(tmp_path)
    with pytest.raises(ConnectionRefused):
        pki.check_server(theirs.der, None)
    (kept,) = (tmp_path / "pki" / "rejected").iterdir()
    kept.rename(tmp_path / "pki" / "trusted" / kept.name)

    pki.check_server(theirs.der, None)


def test_a_trusted_certificate_may_be_pem_and_lie_beside_other_files(
    pki: Pki, tmp_path: Path
) -> None:
    theirs = make_certificate(tmp_path)
    trusted = tmp_path / "pki" / "trusted"
    trusted.mkdir(parents=True)
    (trusted / "broken.der").write_bytes(b"no certificate")
    (trusted / "README").write_text("the machines of hall 3")
    pem = x509.load_der_x509_certificate(theirs.der).public_bytes(Encoding.PEM)
    (trusted / "theirs.pem").write_bytes(pem)

    pki.check_server(theirs.der, None)


def test_a_pinned_certificate_is_accepted_and_no_other(pki: Pki, tmp_path: Path) -> None:
    theirs, other = make_certificate(tmp_path / "a"), make_certificate(tmp_path / "b")

    pki.check_server(theirs.der, theirs.certificate)

    with pytest.raises(ConnectionRefused, match="another certificate"):
        pki.check_server(other.der, theirs.certificate)


def test_an_expired_certificate_is_refused_even_when_it_is_pinned(pki: Pki, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    theirs = make_certificate(
        tmp_path, since=now - timedelta(days=9), until=now - timedelta(days=2)
    )

    with pytest.raises(ConnectionRefused, match="expired"):
        pki.check_server(theirs.der, theirs.certificate)


def test_bytes_that_are_no_certificate_are_refused(pki: Pki) -> None:
    with pytest.raises(ConnectionRefused, match="cannot be read"):
        pki.check_server(b"\x30\x03\x01\x01\x00", None)
