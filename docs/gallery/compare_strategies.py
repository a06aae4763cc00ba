"""
Which strategy, and is a graph worth it?
========================================

Compare one strategy of each family on real data, and read the verdict.
"""

# %%
# ``mfeat`` describes handwritten digits by three views, none of them good alone. Half of its
# samples, drawn at random, keep this page quick.

import tempfile

import matplotlib.pyplot as plt
import numpy as np

import graphfuse
from graphfuse.data import load_dataset

data = load_dataset("mfeat")
data = data.subset(np.random.default_rng(0).permutation(len(data))[:1000])
data

# %%
# Each single modality; the simplest fusion of decisions and of features; and a graph beside itself
# without edges and with shuffled ones: what these two reach as well is not the graph's doing.
# ``match_parameters`` gives all of them about the same size. Every finished run is stored in
# ``out``: stopped and started again, the comparison goes on where it was.

comparison = graphfuse.compare(
    data,
    [
        "unimodal",
        "mean_prob",
        "concat",
        "graph:typed_attention",
        "graph:typed_attention/no_edges",
        "graph:typed_attention/shuffled_edges",
    ],
    folds=5,
    match_parameters=20_000,
    recipe={"epochs": 10, "learning_rate": 3e-3},
    out=tempfile.mkdtemp(),
)

# %%
# The leaderboard. Strategies of one rank do not differ significantly, by a test that accounts for
# the training data that folds share.

table = comparison.table()
shown = table[["strategy", "rank", "family", "mean", "low", "high", "parameters"]]
shown.astype({"rank": int, "parameters": int}).round(3).set_index("strategy")

# %%
# The same as a picture: mean accuracy over the folds and its 95 % interval.

colours = {"unimodal": "#999999", "decision": "#E69F00", "feature": "#0072B2", "graph": "#009E73"}
figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
for place, row in enumerate(table.iloc[::-1].itertuples()):
    axes.plot([row.low, row.high], [place, place], color=colours[row.family])
    axes.plot(row.mean, place, "o", color=colours[row.family])
axes.set_yticks(range(len(table)), table["strategy"].iloc[::-1])
axes.set_xlabel("accuracy")

# %%
# The verdict says it in words: who wins, by how much over the best single modality, and whether
# the graph was worth it. Here it was not: a view is one node, so that there is little to join.
# :doc:`/strategies/graph` says what data have to look like for a graph to pay.

print(comparison.verdict())

# %%
# ``comparison.report("report.html")`` writes the whole report.
