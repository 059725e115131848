"""The connection that the ``opcua`` commands speak through: from options, or from a plant file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from asyncua.ua.uaerrors import UaError
from pydantic import ValidationError

from aas_server.bindings.opcua.opening import open_session
from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.opcua.problems import describe
from aas_server.bindings.opcua.session import OpcUaSession, silence_asyncua
from aas_server.bindings.plant.file import load_plant_file
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings
from aas_server.errors import AasError, ConfigurationError
from aas_server.yaml_files.problems import nearest
from aas_server.yaml_files.reading import YamlFile


def connection_from_options(
    url: str | None, security: Mapping[str, Any], timeout: float | None
) -> tuple[OpcUaConnectionSettings, dict[str, Any]]:
    """Return the settings that options say, and the lines that say the same in a plant file.

    Raises ``ConfigurationError`` that names the option.
    """
    if url is None:
        raise ConfigurationError("say which server: opc.tcp://host:port, or --plant FILE")
    lines: dict[str, Any] = {"url": url}
    if security:
        lines["security"] = dict(security)
    if timeout is not None:
        lines["timeout"] = timeout
    try:
        settings = OpcUaConnectionSettings.model_validate(lines)
        return settings, _anywhere(lines, settings)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        text = problem["msg"].removeprefix("Value error, ")
        raise ConfigurationError(text, path=place) from None


def connection_from_plant(
    file: Path, name: str | None, *, url: str | None, has_options: bool
) -> tuple[OpcUaConnectionSettings, dict[str, Any]]:
    """Return the settings of a connection of a plant file, and its lines there.

    Raises ``ConfigurationError`` for a name that is not there, and for options that the file
    would contradict.
    """
    if url is not None or has_options:
        raise ConfigurationError("--plant has address and security: leave out the URL and options")
    plant = load_plant_file(file)
    known = [
        each
        for each, settings in plant.connections.items()
        if isinstance(settings, OpcUaConnectionSettings)
    ]
    if name is None and len(known) == 1:
        name = known[0]
    settings = None if name is None else plant.connections.get(name)
    if name is None:
        raise ConfigurationError(f"--connection: say which of {', '.join(known)}", path=str(file))
    if not isinstance(settings, OpcUaConnectionSettings):
        text = f"has no OPC UA connection {name!r}{nearest(name, known)}"
        raise ConfigurationError(text, path=str(file))
    content = YamlFile.read(file).content
    return settings, _anywhere(content["connections"][name], settings)


def _anywhere(lines: Mapping[str, Any], settings: OpcUaConnectionSettings) -> dict[str, Any]:
    """Return the lines of a connection as they may stand in a plant file in any folder: relative
    paths are seen from the file that they stand in.
    """
    told = lines.get("security")
    if not isinstance(told, Mapping):
        return dict(lines)
    security = dict(told)
    for name, path in (
        ("serverCertificate", settings.security.server_certificate),
        ("certificate", settings.security.certificate),
        ("privateKey", settings.security.private_key),
    ):
        if name in security and path is not None:
            security[name] = str(path.resolve())
    password = settings.security.password
    if password is not None and password.file is not None:
        security["password"] = {"file": str(password.file.resolve())}
    return {**lines, "security": security}


def opened(
    settings: OpcUaConnectionSettings, pki: Path
) -> AbstractAsyncContextManager[OpcUaSession]:
    """Return a session as a context; raises ``ConfigurationError`` that says why there is none."""
    return _opened(settings, pki)


@asynccontextmanager
async def _opened(settings: OpcUaConnectionSettings, pki: Path) -> AsyncIterator[OpcUaSession]:
    silence_asyncua()
    try:
        session = await open_session(settings, Pki(pki))
        try:
            yield session
        finally:
            await session.close()
    except ConfigurationError:
        raise
    except (AasError, OSError, TimeoutError, UaError) as error:
        raise ConfigurationError(describe(error), path=settings.url) from error
