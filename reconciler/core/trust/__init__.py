"""Attestations of artifacts, the keys that an environment trusts, and what their signatures prove. Pure values."""
