"""Feature-level strategies: fuse vectors, then predict once."""
