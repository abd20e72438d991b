"""Calendars for others to read: a resident's or a space's bookings as iCalendar, at an address that can be revoked."""
