"""Model packages outside a store: archives on a disk, repositories of an OCI registry."""
