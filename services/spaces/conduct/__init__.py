"""No-shows (노쇼) and what follows from them: in steps, contestable, and forgiven after a while."""
