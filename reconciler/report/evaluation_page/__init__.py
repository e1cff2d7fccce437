"""A model's page: HTML that needs no network and no script; every text is escaped, and names are isolated."""
