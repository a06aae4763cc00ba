import torch

from graphfuse.data import Modality
from graphfuse.nn import NodeEncoder
from graphfuse.nn.node_encoder import encode_position


def test_positions_change_a_node_and_row_order_does_not():
    torch.manual_seed(0)
    encoder = NodeEncoder([Modality("image", (4,), pos_dim=2)], 8).double()
    x = {"image": torch.randn(1, 3, 4).double()}
    pos = {"image": torch.tensor([[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]]).double()}
    mask = {"image": torch.ones(1, 3).bool()}
    out = encoder(x, pos, mask)["image"]
    order = torch.tensor([2, 0, 1])
    moved = encoder({"image": x["image"][:, order]}, {"image": pos["image"][:, order]}, mask)[
        "image"
    ]
    assert torch.allclose(out[:, order], moved, atol=1e-12)
    elsewhere = encoder(x, {"image": pos["image"] + 1}, mask)["image"]
    assert (out - elsewhere).abs().min() > 1e-4


def test_raw_nodes_are_flattened_and_cast():
    encoder = NodeEncoder([Modality("image", (3, 4, 4))], 8)
    x = {"image": torch.randint(0, 255, (2, 1, 3, 4, 4), dtype=torch.uint8)}
    assert encoder(x, {}, {"image": torch.ones(2, 1).bool()})["image"].shape == (2, 1, 8)


def test_encoded_positions_are_sines_and_cosines():
    code = encode_position(torch.tensor([[[1.0]]]), torch.float32)
    assert code.shape == (1, 1, 12)
    assert torch.allclose(code[0, 0, 0], torch.tensor(torch.pi).sin(), atol=1e-6)
    assert torch.allclose(code[0, 0, 7], (torch.tensor(torch.pi) / 2).cos(), atol=1e-6)


def test_half_precision_distinguishes_late_positions():
    steps = torch.arange(1000.0, 1064.0).view(1, -1, 1)
    code = encode_position(steps, torch.bfloat16)
    assert code.dtype == torch.bfloat16
    assert torch.allclose(code.float(), encode_position(steps, torch.float32), atol=0.01)
    encoder = NodeEncoder([Modality("text", (2,), pos_dim=1)], 8)
    given = {"text": torch.ones(1, 64, 2)}, {"text": steps}, {"text": torch.ones(1, 64).bool()}
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        half = encoder(*given)["text"]
    assert torch.allclose(half.float(), encoder(*given)["text"], atol=0.05)
