"""The databases that this folder's tests run on."""

from tests.support.databases import (
    database,
    database_kind,
    empty_database,
    migrated_templates,
    postgresql_server,
    storage,
)

__all__ = [
    "database",
    "database_kind",
    "empty_database",
    "migrated_templates",
    "postgresql_server",
    "storage",
]
