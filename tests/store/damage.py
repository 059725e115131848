"""Damage to plant in a store that ``care.fill`` filled, and what is to be found then."""

from __future__ import annotations

from typing import Final, NamedTuple


class Damage(NamedTuple):
    """One statement that breaks a store, and the code and a part of the text of what is found."""

    statement: str
    code: str
    text: str


DAMAGES: Final = {
    "bytes of a document": Damage(
        "UPDATE documents SET body = (SELECT body FROM documents WHERE id = 'urn:shell') "
        "WHERE id = 'urn:made'",
        "checksum",
        "not those that were written",
    ),
    "another id": Damage(
        "UPDATE documents SET id = 'urn:other' WHERE id = 'urn:concept'",
        "document",
        "its id is 'urn:concept'",
    ),
    "another kind": Damage(
        "UPDATE documents SET kind = 'ConceptDescription' WHERE id = 'urn:made'",
        "document",
        "its modelType is 'Submodel'",
    ),
    "an unknown kind": Damage(
        "UPDATE documents SET kind = 'Nonsense' WHERE id = 'urn:made'", "document", "no such kind"
    ),
    "no JSON": Damage(
        "UPDATE documents SET body = substr(body, 1, 0), checksum = 0 WHERE id = 'urn:made'",
        "json",
        "no JSON object",
    ),
    "revision 0": Damage(
        "UPDATE documents SET revision = 0 WHERE id = 'urn:made'", "document", "its revision is 0"
    ),
    "another revision": Damage(
        "UPDATE documents SET revision = 9 WHERE id = 'urn:made'", "log", "and it is at 9"
    ),
    "a document that went": Damage(
        "DELETE FROM documents WHERE id = 'urn:made'", "log", "and it is not there"
    ),
    "a term that is missing": Damage(
        "DELETE FROM terms WHERE term = (SELECT term FROM terms WHERE document = "
        "(SELECT sequence FROM documents WHERE id = 'urn:made') ORDER BY term LIMIT 1)",
        "terms",
        "1 term too few",
    ),
    "a signature that is missing": Damage(
        "DELETE FROM signatures", "terms", "signature of its elements cannot be found"
    ),
    "a term too much": Damage(
        "INSERT INTO terms (term, document) SELECT body, sequence FROM documents "
        "WHERE id = 'urn:shell'",
        "terms",
        "1 term too many",
    ),
    "terms of no document": Damage(
        "INSERT INTO terms (term, document) SELECT body, 7 FROM documents WHERE id = 'urn:shell'",
        "terms",
        "there is no document",
    ),
    "terms behind all documents": Damage(
        "INSERT INTO terms (term, document) SELECT body, 9000000000000000000 FROM documents "
        "WHERE id = 'urn:shell'",
        "terms",
        "there is no document",
    ),
    "a version that is no zstd": Damage(
        "UPDATE versions SET body = (SELECT body FROM documents WHERE id = 'urn:shell') "
        "WHERE number = 1",
        "version",
        "it cannot be read: ",
    ),
    "a version of another document": Damage(
        "UPDATE versions SET id = 'urn:other' WHERE number = 1", "version", "'urn:made'"
    ),
    "a version shown backwards": Damage(
        "UPDATE versions SET valid_until = 0 WHERE number = 1", "version", "until 0, before that"
    ),
    "a piece that went": Damage(
        "DELETE FROM chunks WHERE position = 1", "file", "bytes instead of"
    ),
    "the first piece went": Damage(
        "DELETE FROM chunks WHERE position = 0", "file", "lacks something before its piece 1"
    ),
    "a shorter piece": Damage(
        "UPDATE chunks SET body = substr(body, 2) WHERE position = 0",
        "file",
        "lacks something before its piece 1",
    ),
    "other bytes in a piece": Damage(
        "UPDATE chunks SET body = (SELECT substr(body, 1, 14) FROM chunks WHERE position = 0) "
        "WHERE position = 1",
        "file",
        "another SHA-256",
    ),
    "another size": Damage("UPDATE files SET size = 3", "file", "instead of 3"),
    "pieces of no file": Damage("DELETE FROM files", "file", "2 pieces of a file"),
    "a name without content": Damage("DELETE FROM files", "file-name", "there is no content"),
    "a name without document": Damage(
        "UPDATE file_names SET owner = 'urn:other'", "file-name", "no such document"
    ),
    "a name with another size": Damage(
        "UPDATE file_names SET size = 3", "file-name", "it has 3 bytes"
    ),
    "a gap in the log": Damage(
        "DELETE FROM changes WHERE sequence = 8", "log", "no entries 8 to 8"
    ),
    "a log that begins late": Damage(
        "DELETE FROM changes WHERE sequence = 1", "log", "no entries 1 to 1"
    ),
    "a log that ends early": Damage(
        "DELETE FROM changes WHERE sequence = (SELECT max(sequence) FROM changes)",
        "log",
        "is told",
    ),
    "a log without a last number": Damage("DELETE FROM log", "log", "0 rows instead of one"),
    "a lower highest sequence": Damage(
        "UPDATE log SET sequence = 1", "log", "is told as the highest sequence"
    ),
    "an entry that does not follow": Damage(
        "UPDATE changes SET previous_revision = 7 WHERE sequence = 8", "log", "does not follow"
    ),
    "a creation of what was there": Damage(
        "UPDATE changes SET operation = 'create', previous_revision = NULL WHERE sequence = 9",
        "log",
        "create of Submodel 'urn:made' does not follow",
    ),
    "an entry without a revision": Damage(
        "UPDATE changes SET previous_revision = NULL WHERE sequence = 8", "log", "does not follow"
    ),
    "a document nobody made": Damage(
        "DELETE FROM changes WHERE id = 'urn:shell'", "log", "no entry of the log tells of it"
    ),
    "a deleted document that is there": Damage(
        "UPDATE changes SET operation = 'delete' WHERE sequence = 9", "log", "and it is there"
    ),
}
