"""Standard output and error: streams, progress, and the options that shape them."""
