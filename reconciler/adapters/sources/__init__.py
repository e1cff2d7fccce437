"""Where tables come from: files here or in a bucket, databases, Delta tables. Opened by `reconciler.plugins`."""
