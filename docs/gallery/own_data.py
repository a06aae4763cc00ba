"""
From your own files to a report
===============================

Read pictures, recordings, texts and a table; encode them, compare strategies, predict new samples.
"""

# %%
# A small folder with a table: one row per sample, whose cells are paths and values. The picture
# shows the class of most samples, the pitch of the recording depends on it with some noise, half of
# the notes mention it, and some cells are empty.

import csv
import logging
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
from PIL import Image, ImageDraw

import graphfuse
from graphfuse.data import collate, make_splits
from graphfuse.encoders import Preprocessor, encode
from graphfuse.fusion import Strategy
from graphfuse.raw import read_manifest
from graphfuse.training import Recipe, fit

folder = Path(tempfile.mkdtemp())
random = np.random.default_rng(0)
WORDS = {"round": ["ball", "wheel", "moon"], "square": ["box", "brick", "tile"]}


def write_sample(i, label):
    x, y, size = random.integers([2, 2, 12], [14, 14, 18])
    picture = Image.new("RGB", (32, 32), tuple(random.integers(150, 255, 3).tolist()))
    draw = ImageDraw.Draw(picture)
    shape = draw.ellipse if (label == "round") == (random.random() < 0.85) else draw.rectangle
    shape((x, y, x + size, y + size), fill=tuple(random.integers(0, 150, 3).tolist()))
    picture.save(folder / f"{i}.png")
    pitch = random.normal(440 if label == "round" else 550, 60)
    tone = np.sin(2 * np.pi * pitch * np.arange(2400) / 8000)
    soundfile.write(folder / f"{i}.wav", 0.3 * tone + 0.05 * random.normal(size=2400), 8000)
    word = random.choice(WORDS[label] + ["thing"] * 3)
    return {
        "photo": f"{i}.png",
        "speech": f"{i}.wav" if i % 9 else "",
        "note": f"some kind of {word}",
        "weight": round(random.normal(3, 1), 2) if i % 7 else "",
        "label": label,
    }


rows = [write_sample(i, ("round", "square")[i % 2]) for i in range(120)]
with (folder / "shapes.csv").open("w", newline="") as file:
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)

# %%
# The kind of each column is inferred from names and values. No file is read yet.

manifest = read_manifest(folder / "shapes.csv")
print(manifest.describe())

# %%
# Encoders turn each item into nodes, once; the folder of nodes is kept between runs.

data = encode(manifest, {"photo": {"histogram": {"side": 2}}}, cache=folder / "cache")
data

# %%
# A file that cannot be read is named, and the rest goes on.

logging.basicConfig(format="%(message)s")
(folder / "0.png").write_bytes((folder / "0.png").read_bytes()[:60])
encode(manifest, cache=folder / "cache", progress=False).x["photo"].counts[:3]

# %%
# The comparison: few epochs and folds here, so that this page is quick to build.

result = graphfuse.compare(
    data,
    ["majority", "unimodal", "concat", "graph:hgt", "graph:hgt/no_edges"],
    folds=3,
    recipe={"epochs": 8},
    out=folder / "results",
    progress=False,
)
print(result.verdict())
result.report(folder / "report.html")
result.table()[["strategy", "mean", "low", "high"]].round(2)

# %%
# The command line does all of this at once: it reads, encodes, compares, and writes the report.

command = "graphfuse compare shapes.csv --strategies majority,concat --folds 2 --quick --out quick"
done = subprocess.run(
    [sys.executable, "-m", *command.split()], cwd=folder, capture_output=True, text=True, check=True
)
print(done.stdout)

# %%
# To predict for one new sample, a :class:`~graphfuse.encoders.Preprocessor` is fitted on the
# training part, saved with the model, and applied unchanged.

rows = next(make_splits(data, folds=3))
pre = Preprocessor({"photo": {"histogram": {"side": 2}}}, cache=folder / "cache")
train = pre.fit_transform(manifest.select(rows.train))
validation = pre.transform(manifest.select(rows.validation))
torch.manual_seed(0)
model = graphfuse.create_strategy("concat", train.schema)
fit(model, train, validation, Recipe(epochs=8))
model.preprocessor = pre
model.save_pretrained(folder / "model")

# %%
# The new sample has no recording and comes as bytes and text, as a web service would have it.

model = Strategy.from_pretrained(folder / "model")
new = {"photo": (folder / "7.png").read_bytes(), "note": "some kind of brick", "weight": 2.5}
sample = model.preprocessor.sample(new)
with torch.no_grad():
    scores = model(collate([sample], model.schema)).logits.softmax(1)[0]
dict(zip(model.schema.classes, scores.tolist(), strict=True))
