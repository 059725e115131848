"""The tables, as SQLAlchemy Core sees them; ``migrations`` makes them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

metadata: Final = MetaData()

# SQLite numbers rows by itself only in a column that is exactly INTEGER PRIMARY KEY.
_Sequence = BigInteger().with_variant(Integer, "sqlite")

documents: Final = Table(
    "documents",
    metadata,
    Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Index("documents_by_kind_and_id", "kind", "id", unique=True),
    sqlite_autoincrement=True,
)

changes: Final = Table(
    "changes",
    metadata,
    Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("path", Text),
    Column("operation", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

versions: Final = Table(
    "versions",
    metadata,
    Column("number", _Sequence, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Index("versions_by_document", "kind", "id", "number"),
)
"""Former bodies, zstd; each was shown from ``valid_from`` until just before ``valid_until``."""

files: Final = Table(
    "files",
    metadata,
    Column("number", _Sequence, primary_key=True, autoincrement=True),
    Column("digest", Text, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("touched", BigInteger, nullable=False),
    # What is late for one file must not hit another.
    sqlite_autoincrement=True,
)
"""Contents of files; one without a digest is still being taken in."""

chunks: Final = Table(
    "chunks",
    metadata,
    Column("file", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

file_names: Final = Table(
    "file_names",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("digest", Text, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("file_name", Text, nullable=False),
)
