"""Alembic's place: ``env`` runs the scripts in ``versions`` over the connection of ``migrate``."""
