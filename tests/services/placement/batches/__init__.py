"""Tests of batches, payout files and return files."""
