"""Running Sipbun: the one door, the supervisor, the private broker and the embedded database."""
