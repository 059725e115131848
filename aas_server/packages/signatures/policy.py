"""Whether packages must be signed by somebody who is trusted before anything is taken from them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from aas_server.clock import Clock
from aas_server.errors import ConfigurationError, InvalidDocument
from aas_server.packages.signatures.trust import TrustedSigners, read_trusted
from aas_server.packages.signatures.verifying import require_trusted


class SignaturePolicy:
    """Demands a trusted signature over all of a file, or nothing when ``trust`` is None."""

    def __init__(self, trust: TrustedSigners | None = None) -> None:
        self._trust = trust

    async def require(self, file: Path) -> None:
        """Raise ``InvalidDocument`` that says why ``file`` is not to be believed.

        Only packages carry signatures, so that a bare environment never is. Raises ``BadRequest``
        for a damaged package.
        """
        if self._trust is None:
            return
        findings = await asyncio.to_thread(require_trusted, file, self._trust)
        if findings:
            raise InvalidDocument(findings)


def read_policy(trusted: Iterable[Path], clock: Clock, *, is_required: bool) -> SignaturePolicy:
    """Return what the settings demand.

    Raises ``ConfigurationError`` for files without certificates, and when signatures are demanded
    and nobody is trusted: nothing could be imported.
    """
    known = read_trusted(trusted, clock)
    if is_required and not known:
        raise ConfigurationError(
            "nobody is trusted, so that no package could be taken: name certificates",
            path="trusted_signers",
        )
    return SignaturePolicy(known if is_required else None)
