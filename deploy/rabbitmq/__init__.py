"""What a broker of one's own is given: its configuration, and everything that Sipbun declares on it."""
