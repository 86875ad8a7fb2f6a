"""Contract suites for those who write their own carriers and storages; they need pytest."""
