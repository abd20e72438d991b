"""What a resident wants to hear of, and where; and who is in reach of a place."""
