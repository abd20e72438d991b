"""The scenario of programmes: figures as a city published them, and one programme from proposal to payout file."""
