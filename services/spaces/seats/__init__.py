"""Monthly seats (입주형): who has one, and who waits for one, decided in one document a plan."""
