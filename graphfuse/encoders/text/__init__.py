"""Text encoders, one per file."""
