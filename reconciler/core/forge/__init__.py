"""Pull requests, and which forge and token a repository uses."""
