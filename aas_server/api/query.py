"""Queries (IDTA-01002, query language): declared, and refused in words."""

from __future__ import annotations

from aas_server.api.call import Call
from aas_server.api.responses import Response
from aas_server.errors import NotSupported


def query(call: Call) -> Response:
    """Refuse the query; raises ``NotSupported``."""
    raise NotSupported(
        f"{call.operation.id} is not carried out yet by this server version; "
        "the filters of the lists are (GET, with idShort, assetIds, semanticId, ...)"
    )
