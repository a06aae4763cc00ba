"""The registry of balancing methods."""

from __future__ import annotations

from typing import Any

from graphfuse._registry import Registry

balance_methods: Registry[Any] = Registry("balance method", "graphfuse.training.balance")
"""Subclasses of ``Balance``."""
