"""Video encoders, one a file."""
