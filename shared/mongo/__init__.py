"""Saving: the collection port, pymongo behind it, its in-memory twin, and one act saved as one document."""
