"""Calls (공모) of a city under an umbrella programme, and what districts propose: submit, review, decide, host."""
