"""Encoders of time series, one per file."""
