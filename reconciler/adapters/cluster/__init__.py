"""The Dask client process, and what is computed by it."""
