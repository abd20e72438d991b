"""Registration, consents, the mail address and the home neighbourhood of each resident."""
