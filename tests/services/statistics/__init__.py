"""The archive and its figures."""
