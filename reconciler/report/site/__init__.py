"""The site of an environment: overview, lists, history and requests, as files that need no server."""
