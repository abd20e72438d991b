"""Pay under fire: residents race for places, work is confirmed and corrected, officers pay by batches, all are shot."""
