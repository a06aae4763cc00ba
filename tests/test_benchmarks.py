import torch

from benchmarks._memory import peak_bytes


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
