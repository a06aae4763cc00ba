"""Baselines without a neural network, which a fusion has to beat."""
