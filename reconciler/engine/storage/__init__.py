"""Records of a store: blobs, numbered logs, journals, builds, data snapshots."""
