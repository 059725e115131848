"""The core of a signature: what of its own XML is signed, and by whose key (XML-DSig).

Nothing is used but what comes out of the verification: an XML that only stands beside what was
signed (signature wrapping) says nothing here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from aas_server.errors import BadRequest
from aas_server.packages.signatures.markup import make_parser, parse
from aas_server.packages.signatures.names import (
    C14N,
    C14N_WITH_COMMENTS,
    DIGESTS,
    DS,
    METHODS,
    OPC,
)
from aas_server.packages.signatures.references import Reference, read_manifest

MAX_CERTIFICATES: Final = 10
_MAX_REFERENCES: Final = 5
_LEAST_BITS: Final = 2048
_OBJECT: Final = f"{{{DS}}}Object"
_TIME: Final = (
    f"{{{DS}}}SignatureProperties/{{{DS}}}SignatureProperty/{{{OPC}}}SignatureTime/{{{OPC}}}Value"
)
_REFUSALS: Final = (
    SignXMLException,
    etree.LxmlError,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    NotImplementedError,
)
"""What signxml and cryptography raise for whatever is wrong with a signature."""


@dataclass(frozen=True, slots=True)
class Core:
    """What a signature says: the parts and the time that its signer claims."""

    references: tuple[Reference, ...]
    claimed_time: str | None


def certificates_in(root: etree._Element, name: str) -> list[x509.Certificate]:
    """Return the certificates in the KeyInfo of a signature.

    Raises ``BadRequest`` for too many, and for what is none.
    """
    texts = root.findall(f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate")
    if len(texts) > MAX_CERTIFICATES:
        raise BadRequest(f"holds more than {MAX_CERTIFICATES} certificates", path=name)
    return [_certificate(each.text or "", name) for each in texts]


def in_order(certificates: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Return the certificates, the signer's own first: the one that issued none of the others."""
    issuers = {each.issuer for each in certificates if each.issuer != each.subject}
    return tuple(sorted(certificates, key=lambda each: each.subject in issuers))


def read_signature(body: bytes, name: str) -> etree._Element:
    """Return a signature part as XML if it has the form that OPC demands.

    Raises ``BadRequest`` for a second signature in it, ids that are there twice, references to
    anything but objects of this signature, transforms other than canonical XML.
    """
    root = parse(body, name)
    if root.tag != f"{{{DS}}}Signature":
        raise BadRequest("is no signature", path=name)
    if len(list(root.iter(root.tag))) > 1:
        raise BadRequest("holds a signature within a signature", path=name)
    objects = _identified(root, name)
    references = root.findall(f"{{{DS}}}SignedInfo/{{{DS}}}Reference")
    if len(references) > _MAX_REFERENCES:
        raise BadRequest(f"has more than {_MAX_REFERENCES} references", path=name)
    uris = {each.get("URI", "") for each in references}
    if len(uris) < len(references):
        raise BadRequest("signs an object twice", path=name)
    for each in references:
        uri = each.get("URI", "")
        if uri.removeprefix("#") not in objects or not uri.startswith("#"):
            raise BadRequest(f"signs what is no object of its own: {uri!r}", path=name)
        _check_transforms(each, name)
    method = root.find(f"{{{DS}}}SignedInfo/{{{DS}}}CanonicalizationMethod")
    if method is None or method.get("Algorithm") not in (C14N, C14N_WITH_COMMENTS):
        raise BadRequest("is not canonical by an algorithm that OPC has", path=name)
    return root


def verify_core(root: etree._Element, signer: x509.Certificate, name: str) -> Core:
    """Return what the key of ``signer`` signed in ``root``, which ``read_signature`` returned.

    Whether the signer is trusted is not asked here. Raises ``BadRequest`` that says what is wrong.
    """
    key = signer.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_BITS:
        raise BadRequest(f"its RSA key has less than {_LEAST_BITS} bits", path=name)
    configuration = SignatureConfiguration(
        location="./",
        expect_references=False,
        signature_methods=METHODS,
        digest_algorithms=frozenset(DigestAlgorithm(each) for each in DIGESTS),
        # The key comes from the certificate alone; a KeyValue beside it is not looked at.
        ignore_ambiguous_key_info=True,
        # Whether the certificate is valid now belongs to trust: a broken signature tells more.
        verification_time=signer.not_valid_before_utc,
        default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
    )
    try:
        results = XMLVerifier().verify(
            etree.tostring(root),
            x509_cert=signer,
            parser=make_parser(),
            expect_config=configuration,
        )
    except _REFUSALS as error:
        raise BadRequest(f"does not hold: {error}", path=name) from error
    return _core(results if isinstance(results, list) else [results], name)


def _core(results: Sequence[VerifyResult], name: str) -> Core:
    signed = [each.signed_xml for each in results]
    objects = [each for each in signed if each is not None and each.tag == _OBJECT]
    manifests = [(each, one) for each in objects for one in each.findall(f"{{{DS}}}Manifest")]
    if len(manifests) != 1:
        raise BadRequest(f"signs {len(manifests)} manifests, not one", path=name)
    ((holder, manifest),) = manifests
    return Core(tuple(read_manifest(manifest)), holder.findtext(_TIME))


def _identified(root: etree._Element, name: str) -> set[str]:
    """Return the ids of what stands in the objects of a signature."""
    seen: set[str] = set()
    found: set[str] = set()
    for each in root.iter(etree.Element):
        ids = [
            value
            for key, value in each.attrib.items()
            if etree.QName(key).localname.lower() == "id"
        ]
        for identifier in ids:
            if identifier in seen:
                raise BadRequest(f"holds the id {identifier!r} twice", path=name)
            seen.add(str(identifier))
            if each.tag == _OBJECT or next(each.iterancestors(_OBJECT), None) is not None:
                found.add(str(identifier))
    return found


def _check_transforms(reference: etree._Element, name: str) -> None:
    for each in reference.iter(f"{{{DS}}}Transform"):
        if each.get("Algorithm") not in (C14N, C14N_WITH_COMMENTS) or len(each):
            raise BadRequest(
                f"has a transform that OPC has not: {each.get('Algorithm')}", path=name
            )


def _certificate(text: str, name: str) -> x509.Certificate:
    try:
        return read_certificate(base64.b64decode("".join(text.split()), validate=True), name)
    except binascii.Error as error:
        raise BadRequest("holds a certificate that is no base64", path=name) from error


def read_certificate(body: bytes, name: str) -> x509.Certificate:
    """Return the certificate ``body``, in DER; raises ``BadRequest`` that names the part."""
    try:
        certificate = x509.load_der_x509_certificate(body)
        certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadRequest(f"holds no certificate: {error}", path=name) from error
    return certificate
