"""Descriptors of the server's own shells and submodels, made from the bytes of their documents.

Only what a descriptor needs is decoded, and its parts are taken over as the client wrote them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from aas_server.metamodel.identifiers import encode_identifier

AAS_INTERFACES: Final = ("AAS-3.1", "AAS-3.0")
SUBMODEL_INTERFACES: Final = ("SUBMODEL-3.1", "SUBMODEL-3.0")
"""Clients look for exactly the version that they know or take the first endpoint: all are one."""

_encode: Final = msgspec.json.Encoder().encode
_ABSENT: Final = Raw()


class _Asset(msgspec.Struct, rename="camel"):
    asset_kind: Raw = _ABSENT
    asset_type: Raw = _ABSENT
    global_asset_id: Raw = _ABSENT
    specific_asset_ids: Raw = _ABSENT


class _Shell(msgspec.Struct, rename="camel"):
    id: str
    id_short: Raw = _ABSENT
    display_name: Raw = _ABSENT
    description: Raw = _ABSENT
    administration: Raw = _ABSENT
    asset_information: _Asset = msgspec.field(default_factory=_Asset)
    submodels: Any = ()


class _Submodel(msgspec.Struct, rename="camel"):
    id: str
    id_short: Raw = _ABSENT
    display_name: Raw = _ABSENT
    description: Raw = _ABSENT
    administration: Raw = _ABSENT
    semantic_id: Raw = _ABSENT
    supplemental_semantic_ids: Raw = _ABSENT


_shells: Final = msgspec.json.Decoder(_Shell)
_submodels: Final = msgspec.json.Decoder(_Submodel)


class ShellParts(msgspec.Struct, frozen=True):
    """The descriptor of a shell but for its submodels: ``body`` lacks the closing brace."""

    body: bytes
    submodel_ids: tuple[str, ...]

    def joined(self, submodel_descriptors: Sequence[bytes]) -> bytes:
        """Return the descriptor with those of the shell's submodels."""
        if not submodel_descriptors:
            return self.body + b"}"
        return b'%b,"submodelDescriptors":[%b]}' % (self.body, b",".join(submodel_descriptors))


def shell_parts(body: bytes, url: str) -> ShellParts:
    """Return the descriptor of the shell whose document is ``body``; ``url`` is the API's."""
    shell = _shells.decode(body)
    asset = shell.asset_information
    members = (
        ("id", _encode(shell.id)),
        ("idShort", shell.id_short),
        ("displayName", shell.display_name),
        ("description", shell.description),
        ("administration", shell.administration),
        ("assetKind", asset.asset_kind),
        ("assetType", asset.asset_type),
        ("globalAssetId", asset.global_asset_id),
        ("specificAssetIds", asset.specific_asset_ids),
        ("endpoints", _endpoints(f"{url}/shells/{encode_identifier(shell.id)}", AAS_INTERFACES)),
    )
    return ShellParts(b"{" + _joined(members), _submodel_ids(shell.submodels))


def submodel_descriptor(body: bytes, url: str) -> bytes:
    """Return the descriptor of the submodel whose document is ``body``; ``url`` is the API's."""
    submodel = _submodels.decode(body)
    href = f"{url}/submodels/{encode_identifier(submodel.id)}"
    members = (
        ("id", _encode(submodel.id)),
        ("idShort", submodel.id_short),
        ("displayName", submodel.display_name),
        ("description", submodel.description),
        ("administration", submodel.administration),
        ("semanticId", submodel.semantic_id),
        ("supplementalSemanticIds", submodel.supplemental_semantic_ids),
        ("endpoints", _endpoints(href, SUBMODEL_INTERFACES)),
    )
    return b"{%b}" % _joined(members)


def _joined(members: Iterable[tuple[str, bytes | Raw]]) -> bytes:
    parts = ((name.encode(), bytes(value)) for name, value in members)
    return b",".join(b'"%b":%b' % part for part in parts if part[1])


def _endpoints(href: str, interfaces: tuple[str, ...]) -> bytes:
    # A version of the protocol, an array in the specification, is a text for clients in use.
    information = {"href": href, "endpointProtocol": href.split(":", 1)[0].upper()}
    return _encode([{"interface": each, "protocolInformation": information} for each in interfaces])


def _submodel_ids(references: Any) -> tuple[str, ...]:
    """Return the ids that ``references`` name, each once and in their order.

    A document that was loaded may hold references that name nothing; they are passed over.
    """
    found = (_last_value(reference) for reference in references or ())
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _last_value(reference: Any) -> str | None:
    try:
        value = reference["keys"][-1]["value"]
    except (KeyError, IndexError, TypeError):
        return None
    return value.strip() if isinstance(value, str) else None
