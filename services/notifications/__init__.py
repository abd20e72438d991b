"""Letters to residents and notices for districts: each written once, and each mail sent at most once."""
