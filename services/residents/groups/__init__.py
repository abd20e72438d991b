"""Which target groups (대상 집단) a resident belongs to, by their own word, and counts of them that name nobody."""
