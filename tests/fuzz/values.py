"""Malformed values of every kind, as they stand in the target or the headers of a request."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

Choices = Sequence[str]


def encoded(text: str) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def encoded_json(value: object) -> str:
    """Return base64url of a JSON text."""
    return encoded(json.dumps(value))


NO_BASE64URL: Final[Choices] = (
    "invalid-base64url=====",
    "a",
    "abcde",
    "not*base64",
    "YWJj!",
    "%20",
    "YW Jj".replace(" ", "%20"),
    "YWJj%00",
    "YWJj%0D%0A",
    "_____w",
    "gICA",
    "%F0%9F%8F%AD",
    "%FF%FE",
    "YWJj+/==",
)
"""Outside of the alphabet, of an impossible length, or of bytes that are no UTF-8."""

NO_ID_SHORT_PATH: Final[Choices] = (
    ".",
    "..Stroke",
    "Tool..Serial",
    "Tool.",
    ".Tool",
    "Stops[",
    "Stops[]",
    "Stops[-1]",
    "Stops[01]",
    "Stops[x]",
    "Stops[1",
    "Stops1]",
    "[0]",
    "Stops[1].[2]",
    "Stops[[1]]",
    "%00",
    "%C3%A9",
    "Tool%20Serial",
    "1Stroke",
    "Str%FFoke",
    "Tool%2E%2ESerial",
    "Stops%5Bx%5D",
)

NO_CURSOR: Final[Choices] = (
    "no-such-cursor",
    "-1",
    "%00",
    "!!!!",
    "%FF",
    "MQ==MQ",
    "9" * 40,
    "a" * 500,
)
NO_LIMIT: Final[Choices] = (
    "-1",
    "0",
    "many",
    "",
    "1.5",
    "1e3",
    "%31%00",
    "+-1",
    "0x10",
    "%D9%A1",
    "NaN",
    "1%202",
)
NO_LEVEL: Final[Choices] = ("Deep", "deeep", "", "#####".replace("#", "%23"), "core,deep", "1")
NO_EXTENT: Final[Choices] = ("withblobvalue", "", "WithBlobValue", "%23%23", "true")
NO_BOOLEAN: Final[Choices] = ("maybe", "1.0", "", "TRUEE", "null", "%00")
NO_DATE: Final[Choices] = (
    "yesterday",
    "2026-13-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "",
    "1e9",
    "99999999999-01-01T00:00:00Z",
    "2026-01-01T00:00:00%2B99:00",
)
NO_ENUMERATION: Final[Choices] = ("instance", "", "Robot", "%00", "0")
NO_REFERENCE: Final[Choices] = (
    *NO_BASE64URL,
    encoded_json({"keys": 1}),
    encoded_json({"type": "ExternalReference"}),
    encoded_json({"type": "ExternalReference", "keys": []}),
    encoded("{"),
    encoded("{" * 2000),
)
NO_ASSET_ID: Final[Choices] = (
    *NO_BASE64URL,
    encoded_json(1),
    encoded_json({"name": "serialNumber"}),
    encoded_json({"name": 1, "value": 2}),
    encoded_json([[]]),
    encoded("["),
    encoded("[" * 2000),
)

MALFORMED: Final[Mapping[str, Choices]] = {
    "aasIdentifier": NO_BASE64URL,
    "submodelIdentifier": NO_BASE64URL,
    "cdIdentifier": NO_BASE64URL,
    "packageId": NO_BASE64URL,
    "templateIdentifier": NO_BASE64URL,
    "handleId": NO_BASE64URL,
    "idShortPath": NO_ID_SHORT_PATH,
    "cursor": NO_CURSOR,
    "limit": NO_LIMIT,
    "level": NO_LEVEL,
    "extent": NO_EXTENT,
    "includeConceptDescriptions": NO_BOOLEAN,
    "date": NO_DATE,
    "createdFrom": NO_DATE,
    "updatedFrom": NO_DATE,
    "assetKind": NO_ENUMERATION,
    "assetType": NO_BASE64URL,
    "semanticId": NO_REFERENCE,
    "isCaseOf": NO_REFERENCE,
    "dataSpecificationRef": NO_REFERENCE,
    "assetIds": NO_ASSET_ID,
    "aasIds": NO_BASE64URL,
    "submodelIds": NO_BASE64URL,
    "aasId": NO_BASE64URL,
}
"""By parameter: every value is one that has to be refused."""

NOISE: Final[Choices] = (
    "",
    "%00",
    "%FF",
    "%",
    "%zz",
    "..",
    "%2F",
    "%2F..%2F..%2Fetc%2Fpasswd",
    "$value",
    "{}",
    "x" * 3000,
    quote("日本"),
    quote("💥"),
    quote("' OR 1=1 --"),
    quote("<script>"),
    "%0D%0ASet-Cookie:%20a=b",
    "null",
    "true",
    "9" * 400,
    "-0",
    "1e999",
)
"""What may stand anywhere; whether it is refused depends on the place."""

HEADERS: Final[Sequence[tuple[str, Choices]]] = (
    (
        "Accept",
        (
            "*/*",
            "application/json",
            "application/xml",
            "text/html",
            ";;;",
            "application/asset-administration-shell-package+xml",
            "application/json;q=2, */*;q=x",
            "é",
        ),
    ),
    ("Accept-Encoding", ("gzip", "zstd", "gzip;q=0", "*", "br;q=1.5,,", "gzip, zstd;q=nan")),
    (
        "Content-Encoding",
        ("gzip", "zstd", "identity", "nonsense"),
    ),
    ("If-Match", ("*", '"0"', "W/x", '"', 'W/"1", "2"', ",,,")),
    ("If-None-Match", ("*", '"0"', '"', "x" * 1000, 'W/"1", "2"')),
    ("If-Modified-Since", ("never", "Thu, 01 Jan 1970 00:00:00 GMT")),
    (
        "Range",
        (
            "bytes=0-0",
            "bytes=9-1",
            "bytes=-1",
            "bytes=0-",
            "bytes=0-0,2-2",
            "lines=1-2",
            "bytes=x",
            "bytes=" + "9" * 60 + "-",
        ),
    ),
    ("X-Correlation-ID", ("1", "x" * 300, "é", "a b", "")),
    ("X-Forwarded-For", ("1.2.3.4", "::1, junk", "x" * 300)),
    ("X-Forwarded-Host", ("evil.example", "a/b?c", "")),
    ("X-Forwarded-Proto", ("gopher", "https")),
    ("Origin", ("null", "https://ui.example", "é")),
    ("Access-Control-Request-Method", ("PATCH", "BREW")),
    ("Authorization", ("Bearer x", "Basic !!!", "é")),
    ("Prefer", ("respond-async", "wait=x")),
    (
        "Content-Type",
        ("text/plain", "application/json; charset=utf-16", "multipart/form-data", ";"),
    ),
)
"""Headers that some part of the server reads."""
