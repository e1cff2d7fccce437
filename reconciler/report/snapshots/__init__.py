"""Reports of data snapshots."""
