"""Keys and attestations, as people read them."""
