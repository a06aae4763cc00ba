"""
When a modality is missing
==========================

Train with modality dropout, then take each modality away and see what is left.
"""

# %%
# A sensor fails, a patient has no scan: at prediction time a sample can lack what all training
# samples had. Modality dropout hides modalities of training samples at random, so that the model
# has seen such gaps. Three views of handwritten digits, and a gated mixture of them:

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

import graphfuse
from graphfuse.data import load_dataset, make_splits
from graphfuse.training import Recipe, fit

data = load_dataset("mfeat")
views = data.schema.names


def trained(split, rate):
    torch.manual_seed(0)
    model = graphfuse.create_strategy("gated", data.schema)
    recipe = Recipe(modality_dropout=rate)
    fit(model, data.subset(split.train), data.subset(split.validation), recipe)
    return model.eval()


# %%
# A mask that is False says that a node is not there: no zeros and no guesses take its place.


def accuracy(model, split, gone=None):
    batch = data.batch(split.test)
    if gone is not None:
        batch.mask[gone][:] = False
    with torch.no_grad():
        return float((model(batch).logits.argmax(1) == batch.y).float().mean())


cases = [None, *views]
scores = {0.0: [], 0.3: []}  # by rate of modality dropout
for split in make_splits(data, folds=3):
    for rate, rows in scores.items():
        model = trained(split, rate)
        rows.append([accuracy(model, split, gone) for gone in cases])

# %%
# Mean over three folds:

names = ["nothing is missing", *(f"without {view}" for view in views)]
means = pd.DataFrame(
    {f"modality dropout {rate}": np.mean(rows, axis=0) for rate, rows in scores.items()}, names
)
means.round(3)

# %%
# The same as a picture; a dot is a fold.

figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
for rows, shift, colour, label in zip(
    scores.values(), (-0.2, 0.2), ("#999999", "#0072B2"), means, strict=True
):
    place = np.arange(len(names)) + shift
    axes.bar(place, means[label], 0.36, color=colour, label=label)
    axes.plot(place, np.transpose(rows), ".", color="black", markersize=3)
axes.set_xticks(range(len(names)), names)
axes.set_ylim(0.5, 1)
axes.set_ylabel("accuracy")
axes.legend(loc="upper right", frameon=False, ncols=2)

# %%
# With gaps in training less is lost where a view is missing, and next to nothing where none is.
# In a comparison, ``recipe={"modality_dropout": 0.3}`` trains every strategy so, with the same
# gaps; :doc:`/training` has the other methods for models that lean on one modality.
