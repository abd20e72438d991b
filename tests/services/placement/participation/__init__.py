"""What residents take part in."""
