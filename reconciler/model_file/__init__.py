"""The model file: encode rows into its feature matrix, write it in canonical form, check and load it."""
