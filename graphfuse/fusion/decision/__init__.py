"""Decision-level strategies: predict from each modality, then fuse the predictions."""
