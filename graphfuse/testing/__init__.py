"""Checks that users run on their own layers, strategies and relations."""

from graphfuse.testing.conv import check_conv

__all__ = ["check_conv"]
