"""What a place may not pass: overlapping direct jobs, months of taking part, hours, the monthly cap; by the day of work."""
