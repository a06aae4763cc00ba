"""Readers: what a cell of a manifest names or holds, decoded."""
