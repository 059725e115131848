"""Which servers are trusted: by decision, or by an authority; and what they have to prove."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from aas_server.bindings.opcua.pki import Pki, ServerTerms
from aas_server.bindings.opcua.problems import ConnectionRefused
from aas_server.bindings.opcua.trust import MAX_FILES, MAX_REJECTED
from tests.bindings.opcua.certificates import (
    MACHINE_URI,
    Authority,
    der,
    key_of,
    key_usage,
    self_signed,
)

NOW = datetime.now(UTC)
YESTERDAY, TOMORROW = NOW - timedelta(days=1), NOW + timedelta(days=1)
LONG_AGO = NOW - timedelta(days=9)
TERMS = ServerTerms("127.0.0.1", MACHINE_URI)

# Made with ``openssl req -x509 -sha1``: our library no longer signs so weakly. Valid until 2126.
SHA1 = base64.b64decode(
    "MIIC/zCCAeegAwIBAgIUEBT9eEwOSgPLHLmbxEafIGVYDkIwDQYJKoZIhvcNAQEFBQAwDjEMMAoGA1UEAwwDb2xk"
    "MCAXDTI2MTEzMDIyMDIxMVoYDzIxMjYxMTA2MjIwMjExWjAOMQwwCgYDVQQDDANvbGQwggEiMA0GCSqGSIb3DQEB"
    "AQUAA4IBDwAwggEKAoIBAQDQ9Uc+yes6kgdgQW+yUfJQLLz1uUHlWQ/Hor1wbO/JtU3ckq3IPMPxmfDNq4m6cNbR"
    "OERcIhewo6+Z+XP7Vf0FEzDHHRg4nNhb7O3Kb5FLnpsQJTwaI9J32dBfG2BagpCHCWOqxHPgYuQ/HBC7DAaym8yq"
    "A/iytzex8wM3O7t+YC34F0WQz5l/8FH1JLqvgj6VepoPTEi12RTlKh06EjWJR64Neo4ZLm8mRD10BjA2TFyV7cMV"
    "u6J484c10U2sahCvp3ewwgABCkHNeEv2Qww7tKG6j9mu40/iC0brj0sF5JyKyYvNYbN+1IGGHNetvxRBgRr344Su"
    "YUBeED3CpMGhAgMBAAGjUzBRMB0GA1UdDgQWBBSKWZzliLHd5kvORYUAcp21y+cMHDAfBgNVHSMEGDAWgBSKWZzl"
    "iLHd5kvORYUAcp21y+cMHDAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBBQUAA4IBAQBC+2+V40CPZ+uSTeoc"
    "rzLKf3sQ3Mrzo5j/ZoxS0EljqJC6nYMmvjCGpPnTTAZg6vHcszPElUm8ocN7c6IMTkizc6ZaeICV+kylvYduSpHA"
    "3aWfD9VnsLJA9GY6vpnVqLSNw2mGvw1Ku8X+tgTytKno503Aw6HtUfZzFMk050X0ZxcmPL2seUG5WDg55JHRZ3YX"
    "5PmaevwT+abuFdtKXbv1ZZa0VaRBK+SZRldYEl4aOaXzHLYaJGJUEuLO99R7hinvO7i8XRD6aFu8tfu2zdkO1XYr"
    "jrGVXvFt/mlQ/92F1+c2MyVBFa6h42J1VAdDZHzLWLVsR2vcINyhdInic5yI"
)


class Folder:
    """The folder of certificates as an operator sees it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pki = Pki(root)

    def put(self, folder: str, *things: x509.Certificate | bytes) -> None:
        target = self.root / folder
        target.mkdir(parents=True, exist_ok=True)
        suffix = ".crl" if "crl" in folder else ".der"
        for thing in things:
            content = thing if isinstance(thing, bytes) else der(thing)
            (target / f"{len(list(target.iterdir()))}{suffix}").write_bytes(content)

    def accept(self, *shown: x509.Certificate, terms: ServerTerms = TERMS) -> None:
        assert self.pki.check_server(der(*shown), terms) == shown[0]

    def refuse(self, *shown: x509.Certificate, terms: ServerTerms = TERMS) -> str:
        with pytest.raises(ConnectionRefused) as refusal:
            self.pki.check_server(der(*shown), terms)
        return refusal.value.text

    def rejected(self) -> list[Path]:
        return sorted((self.root / "rejected").glob("*"))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "pki")


# ---- trusted by decision -------------------------------------------------------------------------


def test_an_unknown_certificate_is_refused_and_kept_to_be_looked_at(folder: Folder) -> None:
    theirs = self_signed()

    reason = folder.refuse(theirs)

    (kept,) = folder.rejected()
    assert kept.read_bytes() == der(theirs)
    assert kept.name.startswith("machine-")
    assert "is not trusted" in reason
    assert str(kept) in reason
    assert str(folder.root / "trusted") in reason
    assert f"aas-server pki trust {kept.name}" in reason
    for name in ("trusted", "issuers", "crl"):
        assert (folder.root / name).is_dir()


def test_a_certificate_that_was_moved_to_the_trusted_ones_is_accepted(folder: Folder) -> None:
    theirs = self_signed()
    folder.refuse(theirs)
    (kept,) = folder.rejected()
    kept.rename(folder.root / "trusted" / kept.name)

    folder.accept(theirs)


def test_a_certificate_is_rejected_into_one_file_however_often_it_comes(folder: Folder) -> None:
    theirs = self_signed()
    folder.refuse(theirs)
    (kept,) = folder.rejected()
    before = kept.stat().st_mtime_ns

    folder.refuse(theirs)

    assert [kept] == folder.rejected()
    assert kept.stat().st_mtime_ns == before


def test_the_oldest_rejected_certificates_make_room(folder: Folder) -> None:
    folder.pki.trust.make()
    for number in range(MAX_REJECTED):
        (folder.root / "rejected" / f"{number}.der").write_bytes(b"old")
    theirs = self_signed()

    folder.refuse(theirs)

    assert len(folder.rejected()) == MAX_REJECTED
    assert der(theirs) in [path.read_bytes() for path in folder.rejected()]


def test_trusted_certificates_may_be_pem_and_lie_beside_other_files(folder: Folder) -> None:
    theirs = self_signed()
    folder.put("trusted", b"no certificate")
    (folder.root / "trusted" / "README").write_text("the machines of hall 3")
    pem = b"".join(each.public_bytes(Encoding.PEM) for each in (self_signed("other"), theirs))
    (folder.root / "trusted" / "hall3.pem").write_bytes(pem)

    folder.accept(theirs)


def test_the_layout_of_the_standard_is_read_too(folder: Folder) -> None:
    root = Authority("root")
    theirs = root.issue()
    folder.put("trusted/certs", root.certificate)
    folder.accept(theirs)

    folder.put("trusted/crl", root.revoke(theirs))

    assert "revoked" in folder.refuse(theirs)


def test_a_folder_with_more_files_than_anybody_looks_through_is_refused(folder: Folder) -> None:
    folder.pki.trust.make()
    for number in range(MAX_FILES + 1):
        (folder.root / "trusted" / f"{number}.txt").touch()

    assert f"more than {MAX_FILES} files" in folder.refuse(self_signed())


def test_a_pinned_certificate_is_accepted_and_no_other(folder: Folder, tmp_path: Path) -> None:
    theirs = self_signed(uri="urn:any:other", hosts=[])
    pinned = tmp_path / "machine.der"
    pinned.write_bytes(der(theirs))
    terms = ServerTerms("127.0.0.1", MACHINE_URI, pinned)

    folder.accept(theirs, terms=terms)

    assert "another certificate" in folder.refuse(self_signed(), terms=terms)
    pinned.write_bytes(b"nothing")
    assert "machine.der holds no certificate" in folder.refuse(theirs, terms=terms)
    pinned.unlink()
    assert "machine.der cannot be read" in folder.refuse(theirs, terms=terms)


# ---- what every certificate must be like ---------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"since": LONG_AGO, "until": YESTERDAY}, "expired"),
        ({"since": TOMORROW}, "valid only from"),
        ({"bits": 1024}, "1024 bits"),
        ({"usage": key_usage("digital_signature")}, "keyUsage"),
        ({"usage": key_usage("key_encipherment")}, "keyUsage"),
        ({"purposes": [ExtendedKeyUsageOID.CLIENT_AUTH]}, "not for servers"),
        ({"uri": "urn:other:machine"}, "another application"),
        ({"uri": ""}, "another application"),
    ],
)
def test_a_trusted_certificate_that_is_not_as_it_must_be_is_refused(
    folder: Folder, options: dict[str, Any], reason: str
) -> None:
    theirs = self_signed(**options)
    folder.put("trusted", theirs)

    assert reason in folder.refuse(theirs)
    assert folder.rejected() == []


def test_a_certificate_that_is_signed_with_a_weak_hash_is_refused(folder: Folder) -> None:
    theirs = x509.load_der_x509_certificate(SHA1)
    folder.put("trusted", theirs)

    assert "signed with SHA1" in folder.refuse(theirs)


def test_a_pinned_certificate_expires_like_any_other(folder: Folder, tmp_path: Path) -> None:
    theirs = self_signed(since=LONG_AGO, until=YESTERDAY)
    pinned = tmp_path / "machine.der"
    pinned.write_bytes(der(theirs))

    assert "expired" in folder.refuse(theirs, terms=ServerTerms("127.0.0.1", None, pinned))


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (lambda _: None, "shows no certificate"),
        (lambda _: b"", "shows no certificate"),
        (lambda _: b"\x30\x03\x01\x01\x00", "cannot be read"),
        (lambda whole: whole + b"\x30\x82", "cannot be read"),
        (lambda whole: whole[:-1], "cannot be read"),
        (lambda whole: whole * 11, "more than 10 certificates"),
        (lambda whole: whole * 200, "more than 100000 bytes"),
    ],
)
def test_bytes_that_are_no_chain_of_certificates_are_refused(
    folder: Folder, shown: Callable[[bytes], bytes | None], reason: str
) -> None:
    with pytest.raises(ConnectionRefused, match=reason):
        folder.pki.check_server(shown(der(self_signed())), TERMS)


# ---- authorities ---------------------------------------------------------------------------------


def test_an_authority_that_is_trusted_vouches_for_its_servers(folder: Folder) -> None:
    root = Authority("root")
    folder.put("trusted", root.certificate)

    folder.accept(root.issue())
    folder.accept(root.issue("another machine"))
    assert "no known authority issued it" in folder.refuse(Authority("stranger").issue())
    assert "no known authority issued it" in folder.refuse(self_signed())


def test_a_stranger_with_the_name_of_a_trusted_authority_vouches_for_nobody(
    folder: Folder,
) -> None:
    root, forger = Authority("root"), Authority("forger")
    folder.put("trusted", root.certificate)
    forger.name = root.name

    assert "signature is not that of the authority" in folder.refuse(forger.issue())


def test_the_way_leads_over_issuers_that_are_known_or_shown_by_the_server(folder: Folder) -> None:
    root = Authority("root")
    middle = Authority("middle", root)
    theirs = middle.issue()
    folder.put("trusted", root.certificate)
    assert "no known authority issued it" in folder.refuse(theirs)

    folder.accept(theirs, middle.certificate)
    folder.put("issuers", middle.certificate)
    folder.accept(theirs)


def test_an_issuer_that_is_not_trusted_itself_does_not_make_trust(folder: Folder) -> None:
    root = Authority("root")
    theirs = root.issue()
    folder.put("issuers", root.certificate)

    assert "no authority is trusted" in folder.refuse(theirs, root.certificate)


def test_an_authority_between_may_be_the_one_that_is_trusted(folder: Folder) -> None:
    middle = Authority("middle", Authority("root"))
    folder.put("trusted", middle.certificate)

    folder.accept(middle.issue())


@pytest.mark.parametrize(
    ("root", "middle", "reason"),
    [
        ({"path_length": 0}, {}, "may not vouch for others"),
        ({"since": LONG_AGO, "until": YESTERDAY}, {}, "expired"),
        ({}, {"since": LONG_AGO, "until": YESTERDAY}, "expired"),
        ({}, {"usage": key_usage("crl_sign")}, "may not sign certificates"),
        ({"usage": key_usage("digital_signature")}, {}, "may not sign certificates"),
    ],
)
def test_an_authority_that_may_not_vouch_does_not(
    folder: Folder, root: dict[str, object], middle: dict[str, object], reason: str
) -> None:
    above = Authority("root", **root)  # type: ignore[arg-type]
    between = Authority("middle", above, **middle)  # type: ignore[arg-type]
    folder.put("trusted", above.certificate)

    assert reason in folder.refuse(between.issue(), between.certificate)


def test_an_authority_with_a_weak_key_does_not_vouch(folder: Folder) -> None:
    weak = Authority("weak", bits=1024)
    folder.put("trusted", weak.certificate)

    assert "weak key" in folder.refuse(weak.issue())


def test_a_machine_that_is_trusted_vouches_for_nobody_even_when_its_certificate_says_it_may(
    folder: Folder,
) -> None:
    machine = Authority("machine")
    own = self_signed(
        "machine",
        ca=True,
        usage=key_usage("digital_signature", "key_encipherment", "key_cert_sign"),
    )
    folder.put("trusted", own)
    folder.accept(own)

    assert "no authority is trusted" in folder.refuse(machine.issue("another"))


# ---- hosts ---------------------------------------------------------------------------------------


def test_the_host_is_checked_where_an_authority_vouches_for_all_its_machines(
    folder: Folder,
) -> None:
    root = Authority("root")
    theirs = root.issue(hosts=["press.example", "192.0.2.7"])
    folder.put("trusted", root.certificate)

    for host in ("press.example", "PRESS.example.", "192.0.2.7"):
        folder.accept(theirs, terms=ServerTerms(host, MACHINE_URI))
    reason = folder.refuse(theirs, terms=ServerTerms("mill.example", MACHINE_URI))
    assert "press.example, 192.0.2.7" in reason
    assert "mill.example" in reason
    folder.accept(theirs, terms=ServerTerms("mill.example", MACHINE_URI, check_host=False))


def test_the_host_is_not_checked_where_this_very_certificate_is_trusted(folder: Folder) -> None:
    theirs = self_signed(hosts=["internal-name"])
    folder.put("trusted", theirs)
    elsewhere = ServerTerms("192.0.2.7", MACHINE_URI)

    folder.accept(theirs, terms=elsewhere)
    strict = ServerTerms("192.0.2.7", MACHINE_URI, check_host=True)
    assert "for other hosts" in folder.refuse(theirs, terms=strict)


def test_an_address_among_the_names_is_an_address(folder: Folder) -> None:
    root = Authority("root")
    folder.put("trusted", root.certificate)
    theirs = root.issue(hosts=["0:0::1"], more_names=[x509.DNSName("192.0.2.7")])

    folder.accept(theirs, terms=ServerTerms("::1", MACHINE_URI))
    folder.accept(theirs, terms=ServerTerms("192.0.2.7", MACHINE_URI))
    assert "::1" in folder.refuse(theirs, terms=ServerTerms("::2", MACHINE_URI))


# ---- revocation ----------------------------------------------------------------------------------


def test_a_revoked_certificate_is_refused_and_others_are_not(folder: Folder) -> None:
    root = Authority("root")
    theirs, other = root.issue(), root.issue("other")
    folder.put("trusted", root.certificate)
    folder.put("crl", root.revoke(theirs))

    assert "'machine' was revoked" in folder.refuse(theirs)
    folder.accept(other)


def test_who_is_trusted_by_decision_is_refused_too_when_it_was_revoked(folder: Folder) -> None:
    root = Authority("root")
    theirs = root.issue()
    folder.put("trusted", theirs)
    folder.accept(theirs)
    folder.put("issuers", root.certificate)

    folder.put("crl", root.revoke(theirs))

    assert "revoked" in folder.refuse(theirs)


def test_an_authority_between_may_be_revoked(folder: Folder) -> None:
    root = Authority("root")
    middle = Authority("middle", root)
    folder.put("trusted", root.certificate)
    folder.put("crl", root.revoke(middle.certificate))

    assert "'middle' was revoked" in folder.refuse(middle.issue(), middle.certificate)


def test_the_newest_list_counts(folder: Folder) -> None:
    root = Authority("root")
    theirs = root.issue()
    folder.put("trusted", root.certificate)
    folder.put("crl", root.revoke(since=NOW - timedelta(hours=1)))
    folder.put("crl", root.revoke(theirs, since=NOW - timedelta(hours=2)))

    folder.accept(theirs)


def test_serial_numbers_of_another_issuer_revoke_nothing(folder: Folder) -> None:
    root, other = Authority("root"), Authority("other root")
    theirs = root.issue()
    folder.put("trusted", root.certificate, other.certificate)
    folder.put("crl", other.revoke(theirs))

    folder.accept(theirs)


@pytest.mark.parametrize(
    ("revocations", "reason"),
    [
        (lambda root: root.revoke(since=LONG_AGO, until=YESTERDAY), "expired on"),
        (lambda root: root.revoke(since=TOMORROW), "valid only from"),
        (lambda root: root.revoke(key=key_of("forger")), "is not signed by 'root'"),
        (lambda _: b"half a li", "is no revocation list"),
        (
            lambda root: root.revoke(extensions=[(x509.DeltaCRLIndicator(1), True)]),
            "covers only a part",
        ),
    ],
)
def test_a_list_that_cannot_be_relied_on_is_told_and_nothing_is_accepted(
    folder: Folder, revocations: Callable[[Authority], bytes], reason: str
) -> None:
    root = Authority("root")
    folder.put("trusted", root.certificate)
    folder.put("crl", revocations(root))

    assert reason in folder.refuse(root.issue())
    assert folder.rejected() == []


def test_a_list_of_an_authority_that_may_not_revoke_is_not_believed(folder: Folder) -> None:
    root = Authority("root", usage=key_usage("key_cert_sign"))
    folder.put("trusted", root.certificate)
    folder.put("crl", root.revoke())

    assert "is not signed by" in folder.refuse(root.issue())


def test_lists_may_be_demanded_of_every_authority(folder: Folder) -> None:
    root = Authority("root")
    middle = Authority("middle", root)
    theirs = middle.issue()
    strict = ServerTerms("127.0.0.1", MACHINE_URI, require_crl=True)
    folder.put("trusted", root.certificate)
    folder.put("issuers", middle.certificate)
    folder.accept(theirs)
    assert "no revocation list (CRL) of 'middle'" in folder.refuse(theirs, terms=strict)

    folder.put("crl", middle.revoke())
    assert "no revocation list (CRL) of 'root'" in folder.refuse(theirs, terms=strict)

    folder.put("crl", root.revoke())
    folder.accept(theirs, terms=strict)


def test_who_vouches_for_itself_needs_no_list(folder: Folder) -> None:
    theirs = self_signed()
    folder.put("trusted", theirs)

    folder.accept(theirs, terms=ServerTerms("127.0.0.1", MACHINE_URI, require_crl=True))


def test_where_lists_are_demanded_the_issuers_have_to_be_known(folder: Folder) -> None:
    theirs = Authority("root").issue()
    folder.put("trusted", theirs)
    strict = ServerTerms("127.0.0.1", MACHINE_URI, require_crl=True)

    assert "into issuers/" in folder.refuse(theirs, terms=strict)
