"""Readers: decode the content of the cells of a manifest."""
