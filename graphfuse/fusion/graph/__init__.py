"""Graph strategies: fuse nodes along edges, then predict once."""
