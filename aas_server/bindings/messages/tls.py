"""How connections to brokers are secured: the broker is always verified."""

from __future__ import annotations

import ssl

from aas_server.bindings.plant.messages import BrokerSettings
from aas_server.errors import ConfigurationError


def tls_context(settings: BrokerSettings) -> ssl.SSLContext | None:
    """Return what a connection is secured with, None for one without TLS; reads files.

    Raises ``ConfigurationError`` that names the file that cannot be used.
    """
    if not settings.is_secured:
        return None
    try:
        context = ssl.create_default_context(
            cafile=None if settings.ca is None else str(settings.ca)
        )
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"{settings.ca}: no certificates in PEM: {error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.certificate is not None and settings.private_key is not None:
        try:
            # Without a password it would ask for one at the terminal.
            context.load_cert_chain(settings.certificate, settings.private_key, password="")
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"{settings.certificate} and {settings.private_key}: "
                f"no certificate in PEM with its private key: {error}"
            ) from None
    return context
