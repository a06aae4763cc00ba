"""Audio encoders, one per file."""
