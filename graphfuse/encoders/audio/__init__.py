"""Audio encoders, one a file."""
