"""Facilities and their spaces: where they are, when they are open, what may be booked there and how."""
