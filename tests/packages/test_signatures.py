"""Signed packages: who signed, what is covered, and what cannot be smuggled in."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml.verifier import SignatureConfiguration, XMLVerifier

from aas_server.clock import to_datetime
from aas_server.errors import BadRequest
from aas_server.packages.signatures.names import DS
from aas_server.packages.signatures.report import (
    INVALID,
    TAMPERED,
    UNCOVERED,
    UNSIGNED,
    UNTRUSTED,
    PackageReport,
)
from aas_server.packages.signatures.signing import sign_package
from aas_server.packages.signatures.trust import TrustedSigners
from aas_server.packages.signatures.verifying import require_trusted, verify_package
from tests.packages.packages import aasx, environment, file_element, read, submodel, zipped
from tests.support.certificates import Identity, make_identity
from tests.support.clock import FakeClock

SUBMODEL = submodel("urn:a", file_element("Manual", "/aasx/files/a.txt", "text/plain"))
PACKAGE = aasx(environment(SUBMODEL), {"aasx/files/a.txt": "content"})
SIGNATURE = "package/services/digital-signature/xml-signature/1.psdsxs"
ORIGIN_RELS = "package/services/digital-signature/_rels/origin1.psdsor.rels"


@pytest.fixture
def signer(clock: FakeClock) -> Identity:
    return make_identity(clock)


@pytest.fixture
def package(tmp_path: Path, clock: FakeClock, signer: Identity) -> Path:
    return signed(tmp_path / "signed.aasx", PACKAGE, clock, signer)


def signed(file: Path, body: bytes, clock: FakeClock, *signers: Identity) -> Path:
    file.write_bytes(body)
    for each in signers:
        sign_package(file, file, each.key, each.chain, to_datetime(clock.now()))
    return file


def trusting(clock: FakeClock, *identities: Identity) -> TrustedSigners:
    return TrustedSigners([each.chain[0] for each in identities], clock)


def parts_of(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def changed(file: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    parts = parts_of(file)
    change(parts)
    file.write_bytes(zipped(parts))


def codes(report: PackageReport) -> set[str]:
    return {each.code for each in report.objections}


def test_a_signed_package_is_read_as_before_and_covered_in_full(
    package: Path, clock: FakeClock, signer: Identity
) -> None:
    report = verify_package(package, trusting(clock, signer))
    assert report.objections == ()
    (signature,) = report.signatures
    assert signature.signer is not None
    assert signature.signer.subject == "CN=Signer"
    assert signature.uncovered == ()
    assert {"/aasx/data.json", "/aasx/files/a.txt", "/_rels/.rels"} <= set(signature.covered)
    documents, files, findings = read(package)
    assert (files, findings) == ({"/aasx/files/a.txt": b"content"}, [])
    assert [each for trees in documents.values() for each in trees] == [SUBMODEL]


def test_what_is_signed_is_right_xml_dsig(package: Path, signer: Identity) -> None:
    body = parts_of(package)[SIGNATURE]
    result = XMLVerifier().verify(
        body,
        x509_cert=signer.chain[0],
        expect_config=SignatureConfiguration(
            location="./", verification_time=signer.chain[0].not_valid_before_utc
        ),
    )
    results = result if isinstance(result, list) else [result]
    assert [each.signed_xml.tag for each in results if each.signed_xml is not None] == [
        f"{{{DS}}}Object"
    ]


def test_rsa_signs_too_and_two_may_sign(tmp_path: Path, clock: FakeClock) -> None:
    first = make_identity(clock, "First", key=rsa.generate_private_key(65537, 2048))
    second = make_identity(clock, "Second")
    file = signed(tmp_path / "a", PACKAGE, clock, first, second)
    report = verify_package(file, trusting(clock, first, second))
    assert report.objections == ()
    assert [each.signer.subject for each in report.signatures if each.signer] == [
        "CN=First",
        "CN=Second",
    ]
    assert verify_package(file, trusting(clock, second)).objections == ()


def test_a_package_without_a_signature_is_told_so(tmp_path: Path, clock: FakeClock) -> None:
    file = tmp_path / "a"
    file.write_bytes(PACKAGE)
    assert codes(verify_package(file, trusting(clock))) == {UNSIGNED}
    file.write_bytes(b"{}")
    assert [each.code for each in require_trusted(file, trusting(clock))] == [UNSIGNED]
    with pytest.raises(BadRequest, match="no AASX"):
        verify_package(file, trusting(clock))


def change_content(parts: dict[str, bytes]) -> None:
    parts["aasx/files/a.txt"] = b"CONTENT"


def change_document(parts: dict[str, bytes]) -> None:
    parts["aasx/data.json"] = parts["aasx/data.json"].replace(b"urn:a", b"urn:b")


def change_type(parts: dict[str, bytes]) -> None:
    types = parts["[Content_Types].xml"]
    parts["[Content_Types].xml"] = types.replace(b"text/plain", b"text/html")


def remove_part(parts: dict[str, bytes]) -> None:
    del parts["aasx/files/a.txt"]


def add_part(parts: dict[str, bytes]) -> None:
    parts["aasx/files/evil.txt"] = b"evil"


def change_relationship(parts: dict[str, bytes]) -> None:
    name = "aasx/_rels/data.json.rels"
    parts[name] = parts[name].replace(b"/aasx/files/a.txt", b"/aasx/aasx-origin")


def add_relationship(parts: dict[str, bytes]) -> None:
    name = "aasx/_rels/aasx-origin.rels"
    link = (
        b'<Relationship Id="evil" Target="/aasx/files/a.txt" '
        b'Type="http://admin-shell.io/aasx/relationships/aas-spec"/></Relationships>'
    )
    parts[name] = parts[name].replace(b"</Relationships>", link)


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        (change_content, TAMPERED, "/aasx/files/a.txt"),
        (change_document, TAMPERED, "/aasx/data.json"),
        (remove_part, TAMPERED, "/aasx/files/a.txt"),
        (add_part, UNCOVERED, "/aasx/files/evil.txt"),
        (change_relationship, TAMPERED, "/aasx/_rels/data.json.rels"),
        (add_relationship, UNCOVERED, "/aasx/_rels/aasx-origin.rels"),
    ],
)
def test_what_is_changed_after_signing_is_found(
    package: Path,
    clock: FakeClock,
    signer: Identity,
    change: Callable[[dict[str, bytes]], None],
    code: str,
    place: str,
) -> None:
    changed(package, change)
    objections = verify_package(package, trusting(clock, signer)).objections
    assert (code, place) in [(each.code, each.path) for each in objections]


def test_another_content_type_is_a_change(
    package: Path, clock: FakeClock, signer: Identity
) -> None:
    def change(parts: dict[str, bytes]) -> None:
        types = parts["[Content_Types].xml"].decode()
        parts["[Content_Types].xml"] = re.sub(
            r'(PartName="/aasx/files/a.txt" ContentType=)"[^"]*"', r'\1"text/html"', types
        ).encode()

    changed(package, change)
    assert codes(verify_package(package, trusting(clock, signer))) == {TAMPERED}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_changed_byte_of_a_signed_part_is_found(
    package: Path, tmp_path: Path, clock: FakeClock, signer: Identity, data: st.DataObject
) -> None:
    parts = parts_of(package)
    name = data.draw(st.sampled_from(["aasx/data.json", "aasx/files/a.txt"]))
    body = bytearray(parts[name])
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    other = tmp_path / "other"
    other.write_bytes(zipped({**parts, name: bytes(body)}))
    assert codes(verify_package(other, trusting(clock, signer))) == {TAMPERED}


def with_signature(file: Path, change: Callable[[str], str]) -> None:
    def rewrite(parts: dict[str, bytes]) -> None:
        parts[SIGNATURE] = change(parts[SIGNATURE].decode()).encode()

    changed(file, rewrite)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("ecdsa-sha256", "ecdsa-sha1"),
        lambda text: text.replace(
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        ),
        lambda text: text.replace("xmlenc#sha256", "xmldsig#sha1"),
        lambda text: text.replace('URI="#idPackageObject"', 'URI="http://127.0.0.1/x"'),
        lambda text: text.replace('URI="#idPackageObject"', 'URI=""'),
        lambda text: text.replace("<ds:Manifest", '<ds:Manifest Id="idPackageObject"'),
        lambda text: "<a/>",
        lambda text: text[: len(text) // 2],
        lambda text: '<!DOCTYPE a [<!ENTITY b "c">]>' + text.partition("?>")[2],
        lambda text: text.replace("</ds:SignatureValue>", "AAAA</ds:SignatureValue>"),
        lambda text: re.sub("(<ds:X509Certificate>).*?<", r"\1AAAA<", text, flags=re.DOTALL),
        lambda text: re.sub("<ds:KeyInfo>.*?</ds:KeyInfo>", "", text, flags=re.DOTALL),
    ],
    ids=[
        "SHA-1",
        "HMAC",
        "SHA-1 of the object",
        "reference to elsewhere",
        "reference to everything",
        "an id twice",
        "no signature",
        "cut off",
        "document type",
        "another value",
        "no certificate in it",
        "no certificate",
    ],
)
def test_a_signature_that_is_weak_or_broken_is_refused(
    package: Path, clock: FakeClock, signer: Identity, change: Callable[[str], str]
) -> None:
    with_signature(package, change)
    assert INVALID in codes(verify_package(package, trusting(clock, signer)))


def test_a_transform_that_opc_does_not_have_is_refused(
    package: Path, clock: FakeClock, signer: Identity
) -> None:
    name = "http://www.w3.org/TR/1999/REC-xslt-19991116"
    xslt = f'<ds:Transforms><ds:Transform Algorithm="{name}"/>'

    def change(text: str) -> str:
        return text.replace("<ds:Transforms>", xslt, 1)

    with_signature(package, change)
    assert INVALID in codes(verify_package(package, trusting(clock, signer)))


def test_a_signed_object_that_is_moved_aside_covers_nothing(
    package: Path, clock: FakeClock, signer: Identity
) -> None:
    """Signature wrapping: the signed manifest stays, and another one stands where it stood."""

    def wrap(text: str) -> str:
        root = etree.fromstring(text.encode())
        (old,) = root.findall(f"{{{DS}}}Object")
        new = etree.fromstring(etree.tostring(old))
        for reference in new.iter(f"{{{DS}}}Reference"):
            if "a.txt" in reference.get("URI", ""):
                reference.getparent().remove(reference)  # type: ignore[union-attr]
        new.set("Id", "other")
        root.insert(0, new)
        return etree.tostring(root).decode()

    with_signature(package, wrap)
    changed(package, change_content)
    assert verify_package(package, trusting(clock, signer)).objections


def test_only_whom_one_trusts_is_believed(
    tmp_path: Path, clock: FakeClock, package: Path, signer: Identity
) -> None:
    stranger = make_identity(clock, "Stranger")
    assert codes(verify_package(package, trusting(clock, stranger))) == {UNTRUSTED}
    authority = make_identity(clock, "Authority", is_authority=True)
    employee = make_identity(clock, "Employee", issuer=authority)
    file = signed(tmp_path / "a", PACKAGE, clock, employee)
    assert codes(verify_package(file, trusting(clock, authority))) == set()
    assert codes(verify_package(file, trusting(clock, signer))) == {UNTRUSTED}
    no_authority = make_identity(clock, "Nobody")
    false = make_identity(clock, "False", issuer=no_authority)
    file = signed(tmp_path / "b", PACKAGE, clock, false)
    assert codes(verify_package(file, trusting(clock, no_authority))) == {UNTRUSTED}


@pytest.mark.parametrize(("begins", "days"), [(-60, 30), (5, 30)])
def test_a_certificate_that_is_not_valid_now_is_not_believed(
    tmp_path: Path, clock: FakeClock, begins: int, days: int
) -> None:
    odd = make_identity(clock, begins=begins, days=days)
    file = signed(tmp_path / "a", PACKAGE, clock, odd)
    assert codes(verify_package(file, trusting(clock, odd))) == {UNTRUSTED}


def test_a_weak_key_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    weak = make_identity(clock, key=rsa.generate_private_key(65537, 1024))
    file = signed(tmp_path / "a", PACKAGE, clock, weak)
    assert INVALID in codes(verify_package(file, trusting(clock, weak)))


def test_too_many_signatures_and_a_huge_one_are_refused(
    package: Path, clock: FakeClock, signer: Identity
) -> None:
    with_signature(package, lambda text: text + "<!--" + "x" * 5_000_000 + "-->")
    assert INVALID in codes(verify_package(package, trusting(clock, signer)))

    def multiply(parts: dict[str, bytes]) -> None:
        types = parts["[Content_Types].xml"]
        links = parts[ORIGIN_RELS]
        for number in range(20):
            name = f"package/services/digital-signature/xml-signature/n{number}.psdsxs"
            parts[name] = b"<a/>"
            kind = b"application/vnd.openxmlformats-package.digital-signature-xmlsignature+xml"
            types = types.replace(
                b"</Types>",
                b'<Override PartName="/%b" ContentType="%b"/></Types>' % (name.encode(), kind),
            )
            link = (
                b'<Relationship Id="N%d" Target="/%b" Type="http://schemas.openxmlformats.org/'
                b'package/2006/relationships/digital-signature/signature"/></Relationships>'
            )
            links = links.replace(b"</Relationships>", link % (number, name.encode()))
        parts["[Content_Types].xml"], parts[ORIGIN_RELS] = types, links

    changed(package, multiply)
    with pytest.raises(BadRequest, match="more than"):
        verify_package(package, trusting(clock, signer))


def test_every_published_package_can_be_signed(
    shared_dir: Path, tmp_path: Path, clock: FakeClock, signer: Identity
) -> None:
    for number, file in enumerate(sorted((shared_dir / "templates").rglob("*.aasx"))[::4]):
        target = tmp_path / f"{number}.aasx"
        sign_package(file, target, signer.key, signer.chain, to_datetime(clock.now()))
        report = verify_package(target, trusting(clock, signer))
        assert report.objections == (), file.name
        assert read(target)[0] == read(file)[0]


def test_signing_what_is_no_package_leaves_nothing(
    tmp_path: Path, clock: FakeClock, signer: Identity
) -> None:
    (tmp_path / "a").write_bytes(b"nonsense")
    with pytest.raises(BadRequest):
        sign_package(
            tmp_path / "a",
            tmp_path / "b",
            signer.key,
            signer.chain,
            to_datetime(clock.now()),
        )
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_the_same_content_has_the_same_signed_parts(
    tmp_path: Path, clock: FakeClock, signer: Identity
) -> None:
    first = parts_of(signed(tmp_path / "a", PACKAGE, clock, signer))
    second = parts_of(signed(tmp_path / "b", PACKAGE, clock, signer))
    first.pop(SIGNATURE)
    second.pop(SIGNATURE)
    assert first == second


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_damage_of_a_signature_makes_verifying_fail(
    package: Path, tmp_path: Path, clock: FakeClock, signer: Identity, data: st.DataObject
) -> None:
    parts = parts_of(package)
    body = bytearray(parts[SIGNATURE])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place] = data.draw(st.integers(0, 255))
    other = tmp_path / "other"
    other.write_bytes(zipped({**parts, SIGNATURE: bytes(body)}))
    try:
        verify_package(other, trusting(clock, signer))
    except BadRequest:
        """A refusal in words is what damage may lead to."""
