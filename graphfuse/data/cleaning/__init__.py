"""Cleaning, one step a file: what is left out or repaired before anything is learnt."""

from graphfuse.data.cleaning.cleaner import (
    Cleaner,
    Repair,
    clean,
    cleaner,
    cleaners,
    create_cleaner,
    create_cleaners,
    list_cleaners,
)
from graphfuse.data.cleaning.normalise_text import normalise_text
from graphfuse.data.cleaning.resample import resample
from graphfuse.data.cleaning.trim_silence import trim_silence

__all__ = [
    "Cleaner",
    "Repair",
    "clean",
    "cleaner",
    "cleaners",
    "create_cleaner",
    "create_cleaners",
    "list_cleaners",
    "normalise_text",
    "resample",
    "trim_silence",
]
