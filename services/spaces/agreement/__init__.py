"""Agreement with each facility's own calendar (예약 대사): read it, name every difference, and put both sides right."""
