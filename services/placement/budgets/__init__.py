"""What a programme may spend: held when an opening is published, committed when a place is given, the rest released."""
