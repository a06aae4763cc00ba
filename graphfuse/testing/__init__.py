"""Checks for your own layers, strategies and relations."""

from graphfuse.testing.conv import check_conv
from graphfuse.testing.relation import check_relation
from graphfuse.testing.strategy import check_strategy

__all__ = ["check_conv", "check_relation", "check_strategy"]
