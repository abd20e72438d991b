"""Agreements (업무협약) of a programme with its partners: who signed, who does what, until when."""
