"""The archive of every fact, and the figures folded from it."""
