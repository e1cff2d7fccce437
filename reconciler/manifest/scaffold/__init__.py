"""Files of a new project: manifests, sample table, CI workflows."""
