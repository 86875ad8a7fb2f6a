"""Contract suites for those who write their own adapters, and a clock and chance for tests; they need pytest.

`carrier_contract`, `storage_contract`, `limiter_contract`, `tokens_contract` (tokens and seals) and
`system_contract` (clock and randomness) each hold what its port in `ports` promises, as tests.
`options.carrier_options` makes what a carrier is built with.
"""

import pytest

# So that a broken promise shows the values that broke it, as in any test.
pytest.register_assert_rewrite(
    "ringproof_server.testing.carrier_contract",
    "ringproof_server.testing.storage_contract",
    "ringproof_server.testing.limiter_contract",
    "ringproof_server.testing.pacer_contract",
    "ringproof_server.testing.tokens_contract",
    "ringproof_server.testing.system_contract",
)
