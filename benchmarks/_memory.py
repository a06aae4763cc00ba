"""Peak memory of what a function computes, on a CPU by watching every tensor that it makes."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter


class Watch(TorchDispatchMode):
    """Count the bytes of living storages that operations make while it is entered.

    What was there before (``known``: inputs, weights) does not count, nor do the buffers that a
    kernel takes and returns within one operation.
    """

    def __init__(self, known: set[int]) -> None:
        super().__init__()
        self.known, self.live, self.now, self.peak = known, set[int](), 0, 0

    def __torch_dispatch__(
        self, function: Any, types: Any, arguments: Any = (), options: Any = None
    ) -> Any:
        out = function(*arguments, **(options or {}))
        for part in tree_iter(out):
            if isinstance(part, Tensor):
                self._see(part.untyped_storage())
        return out

    def _see(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self.live or key in self.known:
            return
        self.live.add(key)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._drop, key, size)

    def _drop(self, key: int, size: int) -> None:
        self.live.discard(key)
        self.now -= size


def peak_bytes(run: Callable[[], object], given: list[Tensor]) -> int:
    """Return the most bytes that live at once while ``run`` runs, beside those of ``given``."""
    run()  # gradients are there
    if given[0].is_cuda:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return torch.cuda.max_memory_allocated() - before
    known = [*given, *(t.grad for t in given if t.grad is not None)]
    with Watch({t.untyped_storage()._cdata for t in known}) as watch:
        run()
    return watch.peak
