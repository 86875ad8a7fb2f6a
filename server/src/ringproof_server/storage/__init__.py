"""Storage in SQLite or PostgreSQL: the only place that speaks SQL."""

from ringproof_server.storage.database import SqlStorage, open_storage

__all__ = ["SqlStorage", "open_storage"]
