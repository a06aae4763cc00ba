"""Between torch and numpy, where one has what the other lacks."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def native(values: np.ndarray) -> np.ndarray:
    """Copy what torch does not take: reversed axes, foreign byte order, read-only memory.

    Example:
        >>> torch.from_numpy(native(np.arange(3)[::-1]))
        tensor([2, 1, 0])
    """
    if values.dtype.isnative and values.flags.writeable and min(values.strides, default=0) >= 0:
        return values
    return values.astype(values.dtype.newbyteorder("="), order="C")


def bits(values: Tensor) -> np.ndarray:
    """Return values as numpy; bfloat16, which numpy lacks, as the integers of its bits.

    Example:
        >>> bits(torch.ones(2, dtype=torch.bfloat16))
        array([16256, 16256], dtype=int16)
    """
    if values.dtype == torch.bfloat16:
        values = values.view(torch.int16)
    return values.numpy()
