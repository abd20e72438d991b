"""The wage floor: minimum and living wages by the day of work."""
