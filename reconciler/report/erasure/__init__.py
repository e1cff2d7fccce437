"""What `data forget` prints."""
