"""Table files: types, validation, profile, and typed Parquet copies."""
