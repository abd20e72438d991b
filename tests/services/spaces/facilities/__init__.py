"""Tests of facilities and spaces."""
