"""Reports about model packages: exported, imported, pushed, pulled."""
