"""From a url to an open session: endpoint, secure channel, user; nothing is left of what fails.

``Client.create_session`` and ``activate_session`` are called one by one instead of ``connect``,
which starts two watchdog tasks, so that the password can be withheld after the server has shown its
token policies. ``Client._policy_ids`` is set to the one token policy that was chosen, because
asyncua takes the first of its kind: with ``channel`` and ``session`` this module is the only one
that leans on asyncua 2.1 below its documented surface, and the fault tests hold it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.uaerrors import UaStatusCodeError
from cryptography.exceptions import InvalidSignature

from aas_server.bindings.opcua.channel import open_channel
from aas_server.bindings.opcua.deadline import deadline
from aas_server.bindings.opcua.endpoints import Choice
from aas_server.bindings.opcua.pki import ApplicationIdentity, Pki
from aas_server.bindings.opcua.problems import ConnectionRefused, is_distrust
from aas_server.bindings.opcua.security import (
    Secured,
    former_identity,
    hand_over,
    introduce,
    secure,
    user_pair,
    user_token,
)
from aas_server.bindings.opcua.session import OpcUaSession, drop
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings

SESSION_TIMEOUT: Final = 60.0
"""Seconds until a server may forget a session that fell silent."""


async def open_session(settings: OpcUaConnectionSettings, pki: Pki) -> OpcUaSession:
    """Return a session that is activated and knows the server's namespaces and limits.

    Raises ``ConnectionRefused``, ``OSError``, ``TimeoutError`` or ``UaError``; then nothing is left
    open.
    """
    async with deadline(3 * settings.timeout):
        endpoints = await _endpoints(settings) if settings.security.is_secured else []
        try:
            return await _open(settings, pki, endpoints)
        except UaStatusCodeError as error:
            former = None
            if is_distrust(error.code):
                former = await former_identity(settings.security, pki)
            if former is None:
                raise
        return await _open(settings, pki, endpoints, former)


async def _open(
    settings: OpcUaConnectionSettings,
    pki: Pki,
    endpoints: Sequence[ua.EndpointDescription],
    former: ApplicationIdentity | None = None,
) -> OpcUaSession:
    """Return an open session; with ``former``, as whom the server may still know us."""
    client = _new_client(settings)
    secured = Secured()
    if settings.security.is_secured:
        secured = await secure(client, settings, pki, endpoints, former)
    identity = secured.identity
    before_renewal = None
    if identity is not None and former is None:
        before_renewal = partial(hand_over, settings.security, pki, identity)
    try:
        await open_channel(client)
        await _activate(client, settings, pki, secured.choice)
        notice = None if identity is None else identity.notice
        session = OpcUaSession(
            client,
            before_renewal,
            largest_batch=settings.limits.items_per_call,
            notice=notice,
        )
        await session.learn()
    except InvalidSignature as error:
        await drop(client)
        raise ConnectionRefused(
            "the server could not prove that its certificate is its own"
        ) from error
    except BaseException:
        await drop(client)
        raise
    return session


def _new_client(settings: OpcUaConnectionSettings) -> Client:
    client = Client(settings.url, timeout=settings.timeout)
    introduce(client)
    silence = settings.publishing_interval * settings.keep_alive_count * 3
    client.session_timeout = int(1000 * max(SESSION_TIMEOUT, silence))
    return client


async def _endpoints(settings: OpcUaConnectionSettings) -> list[ua.EndpointDescription]:
    client = _new_client(settings)
    try:
        return list(await client.connect_and_get_server_endpoints())
    finally:
        await drop(client)


async def _activate(
    client: Client, settings: OpcUaConnectionSettings, pki: Pki, choice: Choice
) -> None:
    security = settings.security
    created = await client.create_session()
    client._policy_ids = [await user_token(settings, pki, created, choice)]
    password, certificate = None, None
    if security.password is not None:
        password = await asyncio.to_thread(security.password.read)
    if (pair := await user_pair(security, pki)) is not None:
        certificate, client.user_private_key = pair.certificate, pair.private_key
    await client.activate_session(
        username=security.user, password=password, certificate=certificate
    )
