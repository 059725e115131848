"""The tables, as SQLAlchemy Core sees them; ``migrations`` makes them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

metadata: Final = MetaData()

# SQLite numbers rows by itself only in a column that is exactly INTEGER PRIMARY KEY.
_Number = BigInteger().with_variant(Integer, "sqlite")

documents: Final = Table(
    "documents",
    metadata,
    Column("sequence", _Number, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("checksum", BigInteger, nullable=False),
    # Last: what is asked of many documents stands in the first bytes of each row.
    Column("body", LargeBinary, nullable=False),
    Index("documents_by_kind_and_id", "kind", "id", unique=True),
    Index("documents_in_order", "kind", "sequence"),
    Index("documents_by_update", "kind", "updated"),
)
"""``checksum`` is the CRC-32 of ``body``."""

terms: Final = Table(
    "terms",
    metadata,
    Column("term", LargeBinary, primary_key=True),
    Column("document", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""What lists find documents by: ``document`` is the sequence of one that has ``term``."""

signatures: Final = Table(
    "signatures",
    metadata,
    Column("looked", LargeBinary, primary_key=True),
    Column("signature", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)
"""Which signatures, by which terms of elements begin, have a name or a meaning of elements."""

log: Final = Table(
    "log",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
)
"""One row: the number of the last entry of the change log, and the highest sequence that a document
ever had. Whoever commits locks it first, so that entries are numbered without gaps and in the order
of the commits.
"""

changes: Final = Table(
    "changes",
    metadata,
    Column("sequence", _Number, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("path", Text),
    Column("operation", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("previous_revision", BigInteger),
)

versions: Final = Table(
    "versions",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Index("versions_by_document", "kind", "id", "number"),
)
"""Former bodies, zstd with a checksum; each was shown from ``valid_from`` until just before
``valid_until``.
"""

files: Final = Table(
    "files",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
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

last_values: Final = Table(
    "last_values",
    metadata,
    Column("submodel", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""The last values of live elements, so that a restart shows what was known, and since when."""

jobs: Final = Table(
    "jobs",
    metadata,
    Column("handle", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("touched", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False, index=True),
)

commits: Final = Table(
    "commits",
    metadata,
    Column("token", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
)
"""What became of transactions: who lost the connection at a commit asks whether its token is here,
and by setting it sees to it that the commit cannot come later.
"""


def inserted_columns(table: Table) -> list[str]:
    """Return the names of the columns of new rows: all but a number that the database gives."""
    return [column.name for column in table.c if column.autoincrement is not True]


def insertion(table: Table, source: Table) -> str:
    """Return what puts all rows of ``source`` into ``table``, in its order, behind ``INSERT``."""
    columns = ", ".join(column.name for column in table.primary_key)
    # Names of the schema, nothing of a client.
    return f"INTO {table.name} ({columns}) SELECT {columns} FROM {source.name} ORDER BY {columns}"  # noqa: S608
