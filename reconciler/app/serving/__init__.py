"""Serve what an environment deploys: the process that watches, and the one that answers."""
