"""Who has a space when, one document for each root of a space hierarchy and KST day: no two claims overlap."""
