"""The names of OPC digital signatures, and the algorithms that are good enough (ECMA-376-2)."""

from __future__ import annotations

from typing import Final

from signxml.algorithms import DigestAlgorithm, SignatureMethod

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
OPC: Final = "http://schemas.openxmlformats.org/package/2006/digital-signature"
RELATIONSHIPS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
CONTENT_TYPES: Final = "http://schemas.openxmlformats.org/package/2006/content-types"

ORIGIN_LINK: Final = f"{RELATIONSHIPS}/digital-signature/origin"
SIGNATURE_LINK: Final = f"{RELATIONSHIPS}/digital-signature/signature"
CERTIFICATE_LINK: Final = f"{RELATIONSHIPS}/digital-signature/certificate"

_PACKAGE_TYPE: Final = "application/vnd.openxmlformats-package"
ORIGIN_TYPE: Final = f"{_PACKAGE_TYPE}.digital-signature-origin"
SIGNATURE_TYPE: Final = f"{_PACKAGE_TYPE}.digital-signature-xmlsignature+xml"
CERTIFICATE_TYPE: Final = f"{_PACKAGE_TYPE}.digital-signature-certificate"
RELATIONSHIPS_TYPE: Final = f"{_PACKAGE_TYPE}.relationships+xml"

TYPES_PART: Final = "/[Content_Types].xml"
PACKAGE_LINKS: Final = "/_rels/.rels"

OBJECT_ID: Final = "idPackageObject"
SIGNATURE_ID: Final = "idPackageSignature"
OBJECT_TYPE: Final = f"{DS}Object"

C14N: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_WITH_COMMENTS: Final = f"{C14N}#WithComments"
RELATIONSHIPS_TRANSFORM: Final = (
    "http://schemas.openxmlformats.org/package/2006/RelationshipTransform"
)

DIGESTS: Final = {
    DigestAlgorithm.SHA256.value: "sha256",
    DigestAlgorithm.SHA384.value: "sha384",
    DigestAlgorithm.SHA512.value: "sha512",
}
"""The digests that are accepted, by what hashlib calls them."""
METHODS: Final = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
"""The signature algorithms that are accepted: none with SHA-1, none with a shared secret."""


def relationships_of(part: str) -> str:
    """Return the name of the part with the relationships of ``part``, ``/`` for the package."""
    folder, _, file = part.rpartition("/")
    return f"{folder}/_rels/{file}.rels"


def holder_of(relationships: str) -> str:
    """Return the part whose relationships a part holds: ``/a/_rels/b.rels`` is of ``/a/b``."""
    folder, _, file = relationships.rpartition("/_rels/")
    return f"{folder}/{file.removesuffix('.rels')}"
