"""The rotating code that a room shows, and that a resident who is there can read."""
