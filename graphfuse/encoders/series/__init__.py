"""Encoders of time series, one a file."""
