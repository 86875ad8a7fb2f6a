"""JSON Web Tokens, their keys, and keyed digests: everything that is signed with the server's secret."""

from ringproof_server.tokens.seals import SecretSeals
from ringproof_server.tokens.signer import JwtTokens
from ringproof_server.tokens.signing_keys import PUBLISH_AHEAD, TOKEN_LIFE

__all__ = ["PUBLISH_AHEAD", "TOKEN_LIFE", "JwtTokens", "SecretSeals"]
