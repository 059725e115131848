"""Query parameters: strict where they are known, blind where they are not.

IDTA-01002, parameter encodings: unknown parameters are ignored, a known one that is malformed or
given twice is refused with its name.
"""

from __future__ import annotations

import enum
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from aas_server.errors import BadRequest
from aas_server.metamodel.identifiers import decode_base64url, decode_identifier
from aas_server.metamodel.references import key_values

E = TypeVar("E", bound=enum.Enum)

MAX_PARAMETERS: Final = 200
MAX_SEMANTIC_ID_LENGTH: Final = 3072
"""Characters of an encoded semanticId at most (AASa-002)."""

_MOMENT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,30})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LIMIT: Final = re.compile(r"[0-9]{1,100}", re.ASCII)
_GLOBAL_ASSET_ID: Final = "globalAssetId"


class Query:
    """The query of one request, decoded."""

    __slots__ = ("_values",)

    def __init__(self, query: bytes) -> None:
        self._values: dict[str, list[str]] = {}
        if not query:
            return
        try:
            pairs = parse_qsl(
                query.decode(),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MAX_PARAMETERS,
            )
        except UnicodeDecodeError as error:
            raise BadRequest("the query does not encode UTF-8 text", path="query") from error
        except ValueError as error:
            raise BadRequest(f"more than {MAX_PARAMETERS} parameters", path="query") from error
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def all(self, name: str) -> list[str]:
        """Return every value of the parameter ``name``, none when it is not given."""
        return self._values.get(name, [])

    def one(self, name: str) -> str | None:
        """Return the value of ``name`` or None; raises ``BadRequest`` when it is given twice."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise BadRequest("is given more than once", path=name)
        return values[0]

    def choice(self, name: str, default: E) -> E:
        """Return the member of the default's enumeration that ``name`` says."""
        value = self.one(name)
        if value is None:
            return default
        try:
            return type(default)(value)
        except ValueError:
            known = " or ".join(str(member.value) for member in type(default))
            raise BadRequest(f"{value!r} is not {known}", path=name) from None

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return what ``name`` says, ``true`` or ``false``; capitals pass: Python writes them."""
        value = self.one(name)
        if value is None:
            return default
        if value.lower() not in ("true", "false"):
            raise BadRequest(f"{value[:100]!r} is neither true nor false", path=name)
        return value.lower() == "true"

    def identifier(self, name: str) -> str | None:
        """Return the Identifier that ``name`` encodes as base64url, or None."""
        value = self.one(name)
        return None if value is None else decode_identifier(value, name=name)

    def limit(self, *, default: int, largest: int) -> int:
        """Return the page size asked for, at most ``largest``: a page may hold fewer than asked."""
        value = self.one("limit")
        if value is None:
            return default
        if not _LIMIT.fullmatch(value) or int(value) < 1:
            raise BadRequest(f"{value[:100]!r} is not a whole number from 1 on", path="limit")
        return min(int(value), largest)

    def moment(self, name: str) -> int | None:
        """Return the xs:dateTime ``name`` in microseconds since the epoch, or None.

        It has a zone; what is finer than a microsecond is cut off.
        """
        value = self.one(name)
        if value is None:
            return None
        # The plus of a zone is a blank in a query that nobody encoded.
        match = _MOMENT.fullmatch(value.replace(" ", "+"))
        if match is None:
            raise BadRequest(
                f"{value[:100]!r} is no date and time such as 2026-11-23T08:00:00Z", path=name
            )
        try:
            moment = datetime.fromisoformat(f"{match[1]}{(match[2] or '')[:7]}{match[3]}")
        except ValueError as error:
            raise BadRequest(f"{value!r}: {error}", path=name) from error
        return (moment - _EPOCH) // timedelta(microseconds=1)

    def cursor(self) -> str | None:
        """Return where the page starts, None for the first.

        An empty cursor is none: AASa-001 forbids it, and clients in use send it for the first page.
        """
        return self.one("cursor") or None

    def reference(self, name: str) -> tuple[str, ...] | None:
        """Return the key values of the Reference that ``name`` encodes, or None.

        It is base64url of a JSON Reference; a plain identifier in place of the JSON is taken as a
        Reference with that one key.
        """
        value = self.one(name)
        if value is None:
            return None
        if len(value) > MAX_SEMANTIC_ID_LENGTH:
            raise BadRequest(f"is longer than {MAX_SEMANTIC_ID_LENGTH} characters", path=name)
        text = decode_base64url(value, name=name).strip()
        if not text:
            raise BadRequest("encodes nothing: expected a JSON Reference", path=name)
        if not text.startswith("{"):
            return (text,)
        reference = _decode_json(text, name)
        keys = reference.get("keys")
        if not isinstance(keys, list) or not keys or not all(_is_key(key) for key in keys):
            raise BadRequest("a Reference needs keys, each with a type and a value", path=name)
        return key_values(reference)

    def asset_ids(self) -> frozenset[tuple[str, str]]:
        """Return the (name, value) pairs of ``assetIds``.

        Each value is base64url of a JSON SpecificAssetId or of an array of them; the parameter may
        be repeated, and one may hold several with commas between.
        """
        pairs: set[tuple[str, str]] = set()
        for value in self.all("assetIds"):
            for part in value.split(","):
                pairs.update(_asset_ids(part))
        return frozenset(pairs)


def _asset_ids(encoded: str) -> list[tuple[str, str]]:
    text = decode_base64url(encoded, name="assetIds")
    if not text.lstrip().startswith(("{", "[")) and ":" in text:
        # A client in use sends name:value in place of the JSON.
        decoded: Any = dict(zip(_PAIR, text.split(":", 1), strict=True))
    else:
        decoded = _decode_json(text, "assetIds")
    found: list[tuple[str, str]] = []
    for entry in decoded if isinstance(decoded, list) else [decoded]:
        name, value = (entry.get(key) if isinstance(entry, dict) else None for key in _PAIR)
        if not isinstance(name, str) or not isinstance(value, str):
            raise BadRequest("every SpecificAssetId needs a name and a value", path="assetIds")
        # AASd-116: the reserved name does not depend on capitals.
        reserved = name.lower() == _GLOBAL_ASSET_ID.lower()
        found.append((_GLOBAL_ASSET_ID if reserved else name, value))
    return found


_PAIR: Final = ("name", "value")
_ENCODED: Final = {"assetIds": "a SpecificAssetId or an array of them"}


def _is_key(key: Any) -> bool:
    return isinstance(key, dict) and isinstance(key.get("value"), str)


def _decode_json(text: str, name: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadRequest(
            f"does not encode {_ENCODED.get(name, 'a Reference')} as JSON", path=name
        ) from error
