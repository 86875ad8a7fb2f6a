"""Contract suites for those who write their own adapters, and a clock and chance for tests; they need pytest.

`carrier_contract`, `storage_contract`, `limiter_contract`, `tokens_contract` (tokens and seals) and
`system_contract` (clock and randomness) each hold what the port in `ports.py` promises, as tests.
"""
