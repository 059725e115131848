"""The one error tree: what went wrong, where, and what to do about it.

Errors know nothing of HTTP or OPC UA; each edge maps them once (``aas_server.api.errors`` to Result
bodies).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong in a document, or only unusual.

    ``code`` is the constraint that does not hold (``AASd-117``), or ``structure``; ``path`` is the
    JSON path of the place, ``""`` for the document itself; ``part`` is the part of the package that
    the document is from, if it is from one; ``hint`` says what to do about it.
    """

    code: str
    path: str
    text: str
    is_error: bool = True
    part: str = ""
    hint: str = ""


class AasError(Exception):
    """A failure that the user can understand and act upon.

    ``code`` is stable and at most 32 characters long; ``text`` names what was wrong and what to do;
    ``path`` says where: an idShortPath, a JSON path, a parameter's name or ``file:line``.
    """

    code: ClassVar[str] = "Error"

    def __init__(self, text: str, *, path: str | None = None) -> None:
        super().__init__(text if path is None else f"{path}: {text}")
        self.text = text
        self.path = path


class BadRequest(AasError):
    """Input that no state of the server could accept: malformed, of the wrong type, out of its
    enumeration.
    """

    code = "BadRequest"


class InvalidDocument(BadRequest):
    """A document or element that verification refuses; ``findings`` are errors, at least one."""

    code = "InvalidDocument"

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(findings[0].text, path=findings[0].path or None)
        self.findings = tuple(findings)


class NotFound(AasError):
    """An identifiable, element or route that is not there."""

    code = "NotFound"


class NotAllowed(AasError):
    """An operation that this kind of resource does not have."""

    code = "MethodNotAllowed"


class Forbidden(AasError):
    """An operation that exists but is refused here: a read-only binding, a generated submodel."""

    code = "Forbidden"


class Conflict(AasError):
    """A state that contradicts the request: the id exists, the revision moved on."""

    code = "Conflict"


class PreconditionFailed(AasError):
    """A condition of the request (If-Match, If-None-Match) that the present state does not meet."""

    code = "PreconditionFailed"


class NotSupported(AasError):
    """An operation of the specification that this server does not carry out."""

    code = "NotImplemented"


class StoreUnavailable(AasError):
    """The store cannot take or give documents now; nothing was changed."""

    code = "StoreUnavailable"


class StoreDamaged(StoreUnavailable):
    """Something in the store is not as it was written; the text says what, and what to do."""

    code = "StoreDamaged"


class Interrupted(AasError):
    """Work that was broken off from outside before it was done; nothing was changed."""

    code = "Interrupted"


class ConfigurationError(AasError):
    """Settings or a plant file that must be mended before the server starts."""

    code = "Configuration"


class DeviceError(AasError):
    """A device did not do what was asked.

    ``status_code`` is the OPC UA StatusCode (unsigned 32 bit) that the device or the connection
    gave, ``status_name`` its symbolic name.
    """

    code = "Device"

    def __init__(
        self, text: str, *, status_code: int, status_name: str, path: str | None = None
    ) -> None:
        super().__init__(text, path=path)
        self.status_code = status_code
        self.status_name = status_name


class DeviceRefusedValue(DeviceError):
    """The device answered that the value is wrong for it: its type, its range."""

    code = "DeviceRefusedValue"


class DeviceRefusedAccess(DeviceError):
    """The device answered that this may not be written, or not by this user."""

    code = "DeviceRefusedAccess"


class DeviceFailed(DeviceError):
    """The device answered with a failure of its own."""

    code = "DeviceFailed"


class NotAllWritten(AasError):
    """Of several elements of machines that were written together some were not taken.

    ``findings`` say of these why: the path, the code of the error, its text; ``text`` names the
    others.
    """

    code = "NotAllWritten"

    def __init__(self, findings: Sequence[Finding], written: Sequence[str]) -> None:
        told = ", ".join(written) or "none of the elements"
        count = len(findings) + len(written)
        super().__init__(f"{len(findings)} of {count} not written; written: {told}")
        self.findings = tuple(findings)


class DeviceUnreachable(DeviceError):
    """There is no connection to the device, or it broke."""

    code = "DeviceUnreachable"


class DeviceTimedOut(DeviceUnreachable):
    """The device did not answer in time; what it was asked to do may yet be done."""

    code = "DeviceTimedOut"
