"""Selection: places given, offered, ranked and drawn."""
