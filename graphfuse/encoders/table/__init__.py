"""Encoders of tables, one per file."""
