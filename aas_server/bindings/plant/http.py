"""HTTP: servers that are polled, and rows that read values out of their answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import urljoin, urlsplit

from pydantic import (
    AfterValidator,
    Field,
    StrictInt,
    StrictStr,
    field_validator,
    model_validator,
)

from aas_server.bindings.fields import FilePath, Seconds, Text
from aas_server.bindings.plant.base import ConnectionSettings
from aas_server.bindings.plant.messages import (
    LARGEST_PAYLOAD,
    MessageBindingSettings,
    PublishSettings,
)
from aas_server.bindings.secret_source import SecretSource

HTTP: Final = "HTTP"

_URL: Final = re.compile(
    r"https?://(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:/[^\s?#@]*)?",
    re.ASCII,
)
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]{0,998}[\x21-\x7e])?", re.ASCII)
_OURS: Final = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "host",
        "if-modified-since",
        "if-none-match",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that the connection itself sends, or that would hold a secret in plain text."""
_MAX_HEADERS: Final = 20


def _href(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or text.startswith("//"):
        raise ValueError("must be a path below the connection's url, without scheme and host")
    if any(not "!" <= character <= "~" or character in "\\#" for character in text):
        raise ValueError("must be a path as URLs have it: other characters percent-encoded, no #")
    return text


def _headers(headers: dict[str, str]) -> dict[str, str]:
    if len(headers) > _MAX_HEADERS:
        raise ValueError(f"has at most {_MAX_HEADERS} headers")
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"{name!r} is no header with a value in ASCII")
        if name.lower() in _OURS:
            raise ValueError(f"the header {name} is not for a row to send")
    return headers


Href = Annotated[Text, AfterValidator(_href)]
Headers = Annotated[dict[StrictStr, StrictStr], AfterValidator(_headers)]


class HttpConnectionSettings(ConnectionSettings):
    """One HTTP server that is polled, and how to talk to it."""

    protocol: ClassVar[str] = HTTP

    url: StrictStr = Field(
        description="The server: http(s)://host[:port][/path/]; rows add their href to it.",
        examples=["http://192.0.2.20:8080/api/", "https://press.example/"],
    )
    interval: Annotated[Seconds, Field(ge=0.05, le=86400)] = Field(
        1.0, description="How often each address is asked, unless a row says otherwise."
    )
    user: Text | None = Field(None, description="User name (Basic); anonymous when left out.")
    password: SecretSource | None = Field(
        None, description="{env: NAME} or {file: PATH} that holds it; never the password."
    )
    token: SecretSource | None = Field(
        None, description="{env: NAME} or {file: PATH} of a bearer token, instead of a user."
    )
    ca: FilePath | None = Field(
        None,
        description="Certificates (PEM) of those who may have issued the server's; "
        "the system's when left out.",
    )
    max_requests: Annotated[StrictInt, Field(ge=1, le=100)] = Field(
        4, description="Requests to this server that may be under way at once."
    )
    max_payload: Annotated[StrictInt, Field(ge=1, le=LARGEST_PAYLOAD)] = Field(
        1024 * 1024, description="Bytes of an answer at most; larger ones are refused."
    )

    @field_validator("url")
    @classmethod
    def _http(cls, url: str) -> str:
        match = _URL.fullmatch(url)
        if match is None or not 1 <= int(match["port"] or 80) <= 65535:
            raise ValueError("must be http(s)://host[:port][/path/], without user or password")
        return url

    @field_validator("password", "token", mode="before")
    @classmethod
    def _no_secret_in_the_file(cls, value: Any) -> Any:
        if value is not None and not isinstance(value, Mapping | SecretSource):
            raise ValueError(
                "a secret does not belong in this file: "
                "name its environment variable, {env: NAME}, or its file, {file: PATH}"
            )
        if isinstance(value, Mapping) and not value.keys() <= {"env", "file"}:
            # Before the check for unknown keys, which would show a secret in braces.
            raise ValueError("must be {env: NAME} or {file: PATH}")
        return value

    def address(self, href: str) -> str:
        """Return the address that a row's ``href`` names: below the url, or from the root of the
        server when it begins with a slash.
        """
        return urljoin(self.url if self.url.endswith("/") else f"{self.url}/", href)

    @model_validator(mode="after")
    def _consistent(self) -> HttpConnectionSettings:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password come together")
        if self.user is not None and self.token is not None:
            raise ValueError("a connection has a user or a token, not both")
        if self.ca is not None and not self.url.startswith("https:"):
            raise ValueError("ca needs TLS: the URL begins with https")
        return self


class HttpWriteSettings(PublishSettings):
    """Where clients' values are sent, and how."""

    href: Href | None = Field(None, description="Where to; the row's own href when left out.")
    method: Literal["PUT", "POST", "PATCH"] = Field("PUT", description="The method of HTTP.")


class HttpBindingSettings(MessageBindingSettings):
    """One address that is polled, what of its answer is meant, and the element that it feeds."""

    protocol: ClassVar[str] = HTTP

    href: Href = Field(
        description="Path below the connection's url, with its query; from the root of the server "
        "when it begins with a slash.",
        examples=["values/temperature", "/status?unit=2"],
    )
    interval: Annotated[Seconds, Field(ge=0.05, le=86400)] | None = Field(
        None, description="How often it is asked; as the connection says by default."
    )
    headers: Headers = Field(
        default_factory=dict,
        description="Headers that are sent, such as Accept; no credentials.",
        examples=[{"Accept": "text/plain"}],
    )
    time_header: Literal["Date", "Last-Modified"] | None = Field(
        None, description="Header of the answer that tells the time of the value."
    )
    write: HttpWriteSettings | None = Field(
        None, description="What direction: readWrite sends, and where to."
    )

    @property
    def source(self) -> str:
        """Return the path and the member."""
        return f"{self.href} {self.member}" if self.member else self.href

    @model_validator(mode="after")
    def _writable(self) -> HttpBindingSettings:
        if (self.direction == "readWrite") != (self.write is not None):
            raise ValueError("direction: readWrite and write come together")
        if self.timestamp is not None and self.time_header is not None:
            raise ValueError("timestamp and timeHeader both tell the time: one of them must go")
        return self
