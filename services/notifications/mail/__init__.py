"""Mail as the outside world has it: an SMTP server, the log of what it took, and the twin of both."""
