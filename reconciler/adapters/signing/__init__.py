"""Signatures by securesystemslib: private keys by its URIs, DSSE envelopes, checks of signatures."""
