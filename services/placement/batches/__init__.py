"""Batches of the allowance (지급 묶음): gathered, approved by another officer, filed with the bank, settled by its answer."""
