"""Tests of the budget ledger."""
