"""A facility without a calendar: a person answers (승인 담당자), and there is nothing to read."""
