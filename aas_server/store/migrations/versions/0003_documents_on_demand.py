"""Documents on demand: terms to find them by, checksums, a log that is numbered explicitly; last
live values and jobs.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from aas_server.store.protocol import Kind
from aas_server.store.terms import list_terms_of

revision = "0003"
down_revision = "0002"

_AT_ONCE = 200


def upgrade() -> None:
    """Make the tables and move the documents and the log into their new form."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "terms",
        sa.Column("term", sa.LargeBinary, primary_key=True),
        sa.Column("document", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "last_values",
        sa.Column("submodel", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "jobs",
        sa.Column("handle", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("touched", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "commits",
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
    )
    _move_documents(number)
    _move_changes(number)
    if op.get_bind().dialect.name == "postgresql":
        _compress_bodies()


def _compress_bodies() -> None:
    """Let PostgreSQL compress documents as fast as it can, and nothing that is compressed."""
    methods = "SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression'"
    if "lz4" in (op.get_bind().exec_driver_sql(methods).scalar() or ()):
        op.execute("ALTER TABLE documents ALTER COLUMN body SET COMPRESSION lz4")
    op.execute("ALTER TABLE versions ALTER COLUMN body SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE chunks ALTER COLUMN body SET STORAGE EXTERNAL")


def _move_documents(number: sa.types.TypeEngine[int]) -> None:
    op.drop_index("documents_by_kind_and_id", "documents")
    op.rename_table("documents", "former_documents")
    new = op.create_table(
        "documents",
        sa.Column("sequence", number, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    connection = op.get_bind()
    terms = sa.table("terms", sa.column("term"), sa.column("document"))
    for rows in _former_documents(connection):
        connection.execute(sa.insert(new), [_document(row) for row in rows])
        found = [
            {"term": term, "document": row.sequence}
            for row in rows
            for term in list_terms_of(Kind(row.kind), msgspec.json.decode(row.body))
        ]
        if found:
            connection.execute(sa.insert(terms), found)
    op.drop_table("former_documents")
    op.create_index("documents_by_kind_and_id", "documents", ["kind", "id"], unique=True)
    op.create_index("documents_in_order", "documents", ["kind", "sequence"])
    op.create_index("documents_by_update", "documents", ["kind", "updated"])


def _former_documents(connection: sa.Connection) -> Iterator[Sequence[Any]]:
    former = sa.table(
        "former_documents",
        *map(sa.column, ("sequence", "kind", "id", "revision", "created", "updated", "body")),
    )
    query = sa.select(former).order_by(former.c.sequence).limit(_AT_ONCE)
    rows: Sequence[Any] = connection.execute(query).all()
    while rows:
        yield rows
        rows = connection.execute(query.where(former.c.sequence > rows[-1].sequence)).all()


def _document(row: Any) -> dict[str, Any]:
    return {**row._mapping, "checksum": zlib.crc32(row.body)}


def _move_changes(number: sa.types.TypeEngine[int]) -> None:
    op.rename_table("changes", "former_changes")
    op.create_table(
        "changes",
        sa.Column("sequence", number, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("path", sa.Text),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("previous_revision", sa.BigInteger),
    )
    op.execute(
        "INSERT INTO changes (sequence, kind, id, path, operation, actor, time, previous_revision) "
        "SELECT sequence, kind, id, path, operation, actor, time, "
        "CASE operation WHEN 'create' THEN NULL WHEN 'delete' THEN revision ELSE revision - 1 END "
        "FROM former_changes"
    )
    op.drop_table("former_changes")
    op.create_table(
        "log",
        sa.Column("id", number, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO log (id, last, sequence) SELECT 1, coalesce(max(sequence), 0), "
        "(SELECT coalesce(max(sequence), 0) FROM documents) FROM changes"
    )
