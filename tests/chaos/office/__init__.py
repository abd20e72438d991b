"""The subscription office under fire: residents race for rooms, facilities write into their calendars, all are shot."""
