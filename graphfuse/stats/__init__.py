"""Statistics of a table of scores: means, intervals, paired tests and ties.

A table of scores goes in, a table comes out. The long table has the columns dataset, strategy,
repeat, fold and score, and optionally n_train and n_test, the sample counts of that fold. Higher is
better; a score that is NaN or infinite is a failed run. The order of rows has no meaning.
This room imports no other room and no torch.
"""

from __future__ import annotations

from graphfuse.stats.across import across_datasets, across_pairs
from graphfuse.stats.bayes import Posterior, bayesian_correlated_t
from graphfuse.stats.corrected_t import PairedTest, corrected_t_test
from graphfuse.stats.effect import effect_size
from graphfuse.stats.holm import holm
from graphfuse.stats.intervals import summarize
from graphfuse.stats.pairs import compare_pairs
from graphfuse.stats.power import minimum_detectable_difference
from graphfuse.stats.ties import tie_groups
from graphfuse.stats.wilcoxon import signed_rank_p, smallest_p

__all__ = [
    "PairedTest",
    "Posterior",
    "across_datasets",
    "across_pairs",
    "bayesian_correlated_t",
    "compare_pairs",
    "corrected_t_test",
    "effect_size",
    "holm",
    "minimum_detectable_difference",
    "signed_rank_p",
    "smallest_p",
    "summarize",
    "tie_groups",
]
