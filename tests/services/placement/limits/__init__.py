"""Limits on taking part."""
