"""One letter a person and fact: in the inbox at once, by mail when the resident consented to it."""
