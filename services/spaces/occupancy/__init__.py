"""How a day of a room went: minutes open, booked, and used by the facility itself; one fact a day."""
