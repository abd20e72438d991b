"""Tests of calls and proposals."""
