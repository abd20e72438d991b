"""Who waits for a span that is taken, and who is offered it once it comes free: one after the other, for a while each."""
