"""Programmes, openings, applications and placements: who works where, for how much, out of which budget."""
