"""Read the public keys that environments trust, and change what they trust."""
