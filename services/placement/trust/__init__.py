"""Mutual evaluation (후기) after attendance, hidden until both are in, and the profiles (신뢰 프로필) it adds up to."""
