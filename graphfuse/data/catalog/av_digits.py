"""av-digits: a written and a spoken digit, paired by class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from graphfuse.data.catalog.card import DatasetCard, dataset
from graphfuse.data.dataset import FusionDataset
from graphfuse.errors import InputError

FILE = Path(__file__).parents[1] / "files" / "av_digits.npz"

PATCH = 4
"""Side of a square image patch in pixels: a stroke shows in 4 x 4 pixels, hardly in 2 x 2."""

DESCRIPTION = (
    "Real parts, paired by class: each of scikit-learn's 1,797 images of a handwritten digit (8 x "
    "8 pixels, UCI Optical Recognition of Handwritten Digits) goes with a recording of the same "
    "digit (Free Spoken Digit Dataset), drawn at random once and for all, none twice. The pairing "
    "is made up, so that given the class the modalities are independent: the easiest case for "
    "late fusion. Image nodes are the 2 x 2 patches of 4 x 4 pixels (16 features in [0, 1], pos = "
    "row and column); audio nodes are the frames (13 mel-frequency cepstral coefficients, pos = "
    "index of the frame: the source does not say how long a frame is). Six people speak and "
    "thirteen write, but who made which sample is not known, so that folds share speakers. "
    "Measured with linear models on stratified folds: majority .10, image .96, audio .92 (mean "
    "and standard deviation over the frames; .84 on the mean alone), both .99, either one right "
    "1.00: little is left to gain. python -m benchmarks.probe_datasets gives these figures."
)


@dataset(
    DatasetCard(
        name="av-digits",
        title="Digits seen and heard, real parts paired by class",
        modalities=("audio", "image"),
        samples=1797,
        task="multiclass",
        classes=10,
        license="CC BY 4.0 (images), CC BY-SA 4.0 (recordings)",
        source="https://doi.org/10.24432/C50P49, "
        "https://github.com/Jakobovski/free-spoken-digit-dataset",
        description=DESCRIPTION,
    )
)
def load() -> FusionDataset:
    """Load the dataset; the images come from the installed scikit-learn."""
    from sklearn.datasets import load_digits

    shown = load_digits()
    with np.load(FILE, allow_pickle=False) as file:
        arrays = dict(file)
    check_pairs(np.asarray(shown.target), arrays["label"])
    ends = np.cumsum(arrays["lengths"], dtype=np.int64)
    image = patches(shown.images)
    side = shown.images.shape[1] // PATCH
    grid = np.stack(np.divmod(np.arange(side * side), side), axis=1)
    return FusionDataset.from_arrays(
        {"image": image, "audio": np.split(arrays["frames"], ends[:-1])},
        arrays["label"].astype(np.int64),
        task="multiclass",
        classes=[str(digit) for digit in range(10)],
        pos={
            "image": np.tile(grid, (len(image), 1, 1)),
            "audio": [np.arange(length)[:, None] for length in arrays["lengths"]],
        },
        ids=[f"image {i}, recording {r}" for i, r in enumerate(arrays["recording"])],
        name="av-digits",
    )


def check_pairs(shown: np.ndarray, spoken: np.ndarray) -> None:
    """Refuse images whose digits are not those of the recordings, in this order.

    Raises:
        InputError: scikit-learn has other images, or another order, than the file was made for.
    """
    if not np.array_equal(shown, spoken):
        raise InputError(
            f"av-digits pairs {len(spoken)} recordings with scikit-learn's digit images by class, "
            f"but the digits of the {len(shown)} installed images differ from those recorded; "
            "rebuild the file with python -m benchmarks.rebuild.av_digits"
        )


def patches(images: np.ndarray) -> np.ndarray:
    """Cut images [n, 8, 8] in 0 to 16 into patches [n, 4, 16] in [0, 1], row by row."""
    n, side = images.shape[:2]
    across = side // PATCH
    blocks = images.reshape(n, across, PATCH, across, PATCH).swapaxes(2, 3)
    return blocks.reshape(n, across * across, -1).astype(np.float32) / 16
