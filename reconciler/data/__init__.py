"""Data: copy tables as Parquet files, and select rows and features from them. The only package that knows DuckDB.

`in_process` implements the ports in the calling process; `__main__` is the worker that the adapters start. DuckDB, and
numpy where a float sum needs it, are imported when they are used.
"""
