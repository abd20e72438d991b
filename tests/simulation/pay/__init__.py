"""The story of pay: places are given, work is done and confirmed, batches are paid, and both sides have their word."""
