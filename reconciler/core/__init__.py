"""Nouns and pure verbs. Standard library only; no clock, no disk, no network, no logging."""
