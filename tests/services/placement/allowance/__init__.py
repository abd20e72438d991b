"""Tests of the allowance: months of pay."""
