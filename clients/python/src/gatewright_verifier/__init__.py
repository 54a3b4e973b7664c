"""Verify Gatewright's access tokens. Begin with `gatewright_verifier.access_tokens`.

The service itself uses what is below that module, so nothing is imported here: it needs no HTTP client for it.
"""
