"""Ringproof: the server that verifies a phone by ringing it."""
