"""Cleaning, one step per file: remove or repair samples before training."""

from graphfuse.raw.cleaning.cleaner import (
    Cleaner,
    Repair,
    clean,
    cleaner,
    cleaners,
    create_cleaner,
    create_cleaners,
    create_repairs,
    list_cleaners,
)
from graphfuse.raw.cleaning.normalise_text import normalise_text
from graphfuse.raw.cleaning.resample import resample
from graphfuse.raw.cleaning.trim_silence import trim_silence

__all__ = [
    "Cleaner",
    "Repair",
    "clean",
    "cleaner",
    "cleaners",
    "create_cleaner",
    "create_cleaners",
    "create_repairs",
    "list_cleaners",
    "normalise_text",
    "resample",
    "trim_silence",
]
