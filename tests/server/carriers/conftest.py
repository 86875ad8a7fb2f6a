"""The databases that this folder's tests run on."""

from tests.support.databases import database, database_kind, migrated_templates, postgresql_server

__all__ = ["database", "database_kind", "migrated_templates", "postgresql_server"]
