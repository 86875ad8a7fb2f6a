"""The storage holds the contract of its port, on SQLite and on PostgreSQL."""

from ringproof_server.testing.storage_contract import StorageContract


class TestSqlStorage(StorageContract):
    """Runs with the parametrised fixture `storage` of this folder."""
