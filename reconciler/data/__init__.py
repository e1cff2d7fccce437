"""Tables as Parquet copies, and rows and features selected from them. The only package that knows DuckDB.

`local` implements the ports in this process; `__main__` is the worker that the adapters start. DuckDB, and numpy where
a float sum needs it, are imported when they are used.
"""
