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
scores = {
    rate: np.array(
        [
            [accuracy(model, split, gone) for gone in cases]
            for split in make_splits(data, folds=3)
            for model in [trained(split, rate)]
        ]
    )
    for rate in (0.0, 0.3)
}

# %%
# Mean over three folds; a dot is a fold.

names = ["nothing is missing", *(f"without {view}" for view in views)]
figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
looks = {0.0: ("#999999", "no modality dropout"), 0.3: ("#0072B2", "modality dropout 0.3")}
for side, (rate, (colour, label)) in zip((-0.2, 0.2), looks.items(), strict=True):
    place = np.arange(len(cases)) + side
    axes.bar(place, scores[rate].mean(0), 0.36, color=colour, label=label)
    for fold in scores[rate]:
        axes.plot(place, fold, ".", color="black", markersize=3)
axes.set_xticks(range(len(cases)), names)
axes.set_ylim(0.5, 1)
axes.set_ylabel("accuracy")
axes.legend(loc="upper right", frameon=False, ncols=2)

# %%
for name, without, with_dropout in zip(names, scores[0.0].mean(0), scores[0.3].mean(0), strict=True):
    print(f"{name:20} {without:.3f} -> {with_dropout:.3f}")

# %%
# With gaps in training, little is lost where a view is missing, and a little where none is. In a
# comparison, ``recipe={"modality_dropout": 0.3}`` trains every strategy so, with the same gaps;
# :doc:`/training` has the other methods for models that lean on one modality.
