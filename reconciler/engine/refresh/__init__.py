"""Take data snapshots, and remove the tables of those that are not kept."""
