"""One thread a process: small tensors gain nothing from a second one and can lose much."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

torch.set_num_threads(1)
