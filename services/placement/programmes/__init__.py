"""Tenants and their programmes, loaded from data."""
