"""The XML of a new signature over the parts of a package (ECMA-376-2, 12.2.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.signer import XMLSigner

from aas_server.packages.signatures.names import DS, OBJECT_ID, OBJECT_TYPE, OPC, SIGNATURE_ID
from aas_server.packages.signatures.references import Reference, uri_of, write_reference

SigningKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_TIME_FORMAT: Final = "YYYY-MM-DDThh:mm:ssTZD"
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def seal(
    references: Iterable[Reference],
    key: SigningKey,
    chain: Sequence[x509.Certificate],
    moment: datetime,
) -> bytes:
    """Return the signature part over ``references``, with the certificates of its signer.

    ``moment`` (UTC) is the time that it claims. RSA or ECDSA, each with SHA-256.
    """
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    signer = XMLSigner(
        method=SignatureConstructionMethod.detached,
        signature_algorithm=SignatureMethod.RSA_SHA256 if is_rsa else SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_0,
    )
    signer.signature_annotators.append(_name_type)
    package_object = _package_object(references, moment)
    signature = signer.sign(
        package_object, key=key, cert=list(chain), reference_uri=f"#{OBJECT_ID}"
    )
    signature.set("Id", SIGNATURE_ID)
    signature.append(package_object)
    return _DECLARATION + etree.tostring(signature)


def _name_type(signature: etree._Element, **_: object) -> None:
    """Say of each reference that it is one to an object, as OPC demands and signxml does not."""
    for each in signature.iterfind("{*}SignedInfo/{*}Reference"):
        each.set("Type", OBJECT_TYPE)


def _package_object(references: Iterable[Reference], moment: datetime) -> etree._Element:
    # The object is digested by itself: it has the prefix that it would inherit in the signature.
    prefixes = {"ds": DS, "mdssi": OPC}
    root = etree.Element(f"{{{DS}}}Object", {"Id": OBJECT_ID}, nsmap=prefixes)
    manifest = etree.SubElement(root, f"{{{DS}}}Manifest")
    for each in references:
        write_reference(each, uri_of(each.part, each.content_type), manifest)
    properties = etree.SubElement(root, f"{{{DS}}}SignatureProperties")
    attributes = {"Id": "idSignatureTime", "Target": f"#{SIGNATURE_ID}"}
    holder = etree.SubElement(properties, f"{{{DS}}}SignatureProperty", attributes)
    time = etree.SubElement(holder, f"{{{OPC}}}SignatureTime")
    etree.SubElement(time, f"{{{OPC}}}Format").text = _TIME_FORMAT
    etree.SubElement(time, f"{{{OPC}}}Value").text = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return root
