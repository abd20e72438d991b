"""Conflict cases: a booking and its facility's calendar or hours can't both be; who decides, until when, and what else."""
