"""What a resident already does: direct jobs that overlap, months in the last three years, hours, the monthly cap."""
