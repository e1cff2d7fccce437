"""Make the plan of an environment: from the cache, in parallel, or in one process."""
