"""Sign what was recorded before there was a key, on the word of who runs it."""
