"""The secure channel: opened, or refused by the server with a reason that reaches us.

asyncua 2.1 reads every answer to OpenSecureChannel as if it granted the channel. A server that
answers with a ServiceFault, as for a certificate that it does not trust, then ends in an
AssertionError without the reason; so answers are looked at before asyncua does. This, ``opening``
and ``session`` are the only modules that lean on asyncua below its documented surface.
"""

from __future__ import annotations

from typing import Any, Final

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary
from asyncua.ua.uaerrors import UaError

from aas_server.bindings.opcua.variants import numeric

_FAULT: Final = numeric(ObjectIds.ServiceFault_Encoding_DefaultBinary)


async def open_channel(client: Client) -> None:
    """Connect ``client`` and open its secure channel.

    Raises ``UaStatusCodeError`` with the server's reason when it refuses, also when it refuses to
    renew the channel later, and what asyncua raises besides. Whoever calls drops the connection
    then.
    """
    await client.connect_socket()
    _listen_for_refusals(client.uaclient.protocol)
    await client.send_hello()
    await client.open_secure_channel()


def _listen_for_refusals(protocol: Any) -> None:
    answer = protocol._call_callback

    def listen(request_id: int, body: Any) -> None:
        is_opening = isinstance(
            protocol._open_secure_channel_exchange, ua.OpenSecureChannelParameters
        )
        refusal = _refusal(body) if is_opening else None
        waiting = protocol._callbackmap.get(request_id)
        if refusal is None or waiting is None or waiting.done():
            answer(request_id, body)
        else:
            del protocol._callbackmap[request_id]
            waiting.set_exception(refusal)

    protocol._call_callback = listen


def _refusal(body: Any) -> Exception | None:
    """Return what a ServiceFault says, None for any other message."""
    if isinstance(body, ua.Acknowledge):
        return None
    rest = body.copy()
    if nodeid_from_binary(rest) != _FAULT:
        return None
    try:
        struct_from_binary(ua.ResponseHeader, rest).ServiceResult.check()
    except UaError as error:
        return error
    return None
