"""Write a model package from a store, read and check one, and import it."""
