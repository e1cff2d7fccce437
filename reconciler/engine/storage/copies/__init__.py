"""Second copies of what a store holds, and the records of what was lost where there were none."""
