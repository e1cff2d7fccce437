"""Model packages outside a store: archives on a disk."""
