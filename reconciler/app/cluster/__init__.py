"""Compute on a Dask cluster: the client process, what its workers run, and who opens both."""
