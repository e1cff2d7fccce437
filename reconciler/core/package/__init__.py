"""Model packages: what travels between environments that share no store, as one OCI image layout."""
