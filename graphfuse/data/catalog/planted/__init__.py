"""Synthetic data whose Bayes accuracy is known, and whether a graph should win on it."""
