"""The story of the subscription office: two facilities, a hall of two parts, calendars of their own, scarce minutes."""
