"""Idle windows: which spaces near a point are free, from when until when, and which suit best."""
