"""Encoders of tables, one a file."""
