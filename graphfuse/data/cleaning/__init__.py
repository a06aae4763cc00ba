"""Cleaning, one step a file: what is repaired in raw samples before anything is learnt."""

from graphfuse.data.cleaning.resample import resample
from graphfuse.data.cleaning.trim_silence import trim_silence

__all__ = ["resample", "trim_silence"]
