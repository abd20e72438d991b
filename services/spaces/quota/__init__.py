"""Minutes that a subscription may book in a cycle: one append-only ledger a cycle, whose balance holds at any instant."""
