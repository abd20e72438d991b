"""Rooms: public facilities' idle rooms, subscribed to when needed and for as long as needed."""
