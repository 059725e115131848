"""Signatures of documents (IDTA-01002 v3.2, $signed): compact JWS of RFC 7515."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any, Final

import structlog
from cryptography.hazmat.primitives import serialization
from joserfc import jws
from joserfc.jwk import RSAKey
from joserfc.registry import HeaderParameter

from aas_server.clock import Clock, to_datetime
from aas_server.errors import ConfigurationError
from aas_server.signing.key_files import (
    CERTIFICATE_NAME,
    KEY_NAME,
    SigningIdentity,
    make_identity,
    read_identity,
)

log = structlog.get_logger(__name__)

ALGORITHM: Final = "RS256"

_REGISTRY: Final = jws.JWSRegistry(
    {
        "sigT": HeaderParameter("time of the signature", "str"),
        "sid": HeaderParameter("id of the signature", "str"),
    },
    algorithms=[ALGORITHM],
)


class DocumentSigner:
    """Signs documents with the server's key.

    ``key`` and ``certificate`` are PEM files of the operator; without them the server's own, made
    at its first start, stand in ``folder``.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        key: Path | None = None,
        certificate: Path | None = None,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._key = key
        self._certificate = certificate
        self._signing_key: RSAKey | None = None
        self._header: dict[str, Any] = {}

    async def open(self) -> None:
        """Read or make the key; raises ``ConfigurationError`` that names the file to mend."""
        identity = await asyncio.to_thread(self._identity)
        private = identity.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        chain = [
            base64.b64encode(each.public_bytes(serialization.Encoding.DER)).decode("ascii")
            for each in identity.chain
        ]
        self._header = {"alg": ALGORITHM, "typ": "JWS", "x5c": chain}
        self._signing_key = RSAKey.import_key(private)

    def sign(self, payload: bytes) -> str:
        """Return ``payload`` as a compact JWS, with the certificates, the time of the signature and
        an id of it in the header.

        It takes milliseconds of a core: call it in a thread. Raises ``RuntimeError`` before
        ``open``.
        """
        if self._signing_key is None:
            raise RuntimeError("the signer is not open")
        moment = to_datetime(self._clock.now()).strftime("%Y-%m-%dT%H:%M:%SZ")
        header = {**self._header, "sigT": moment, "sid": self._clock.new_id()}
        return jws.serialize_compact(header, payload, self._signing_key, registry=_REGISTRY)

    def _identity(self) -> SigningIdentity:
        if self._key is None and self._certificate is None:
            own_key = self._folder / KEY_NAME
            if own_key.exists():
                return read_identity(own_key, self._folder / CERTIFICATE_NAME)
            log.info("making a key to sign documents with", folder=str(self._folder))
            return make_identity(self._folder, self._clock)
        if self._key is None or self._certificate is None:
            missing = "signing_key" if self._key is None else "signing_certificate"
            raise ConfigurationError(
                "signing_key and signing_certificate belong together", path=missing
            )
        return read_identity(self._key, self._certificate)
