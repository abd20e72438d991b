"""The published language: one module per publisher, each type and version with its schema and its sample."""
