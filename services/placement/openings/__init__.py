"""Openings with N places: published, applied for, filled, reopened, closed, cancelled; and found near a point."""
