"""Letters and their mails."""
