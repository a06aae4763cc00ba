import pytest
import torch

from graphfuse.data import Modality, Schema, Target
from graphfuse.fusion import create_strategy

SCHEMA = Schema([Modality(name, (5,)) for name in "cab"], Target("binary"))
HIDDEN = 6
PRESENT = torch.tensor(
    [[True, True, True], [True, False, True], [False, True, False], [False, False, False]]
)


@pytest.fixture
def make():
    """Build a strategy over modalities a, b, c in float64, every weight drawn anew."""

    def build(name, **options):
        torch.manual_seed(0)
        model = create_strategy(name, SCHEMA, hidden_channels=HIDDEN, **options).double().eval()
        with torch.no_grad():
            for weight in model.parameters():
                weight.normal_(std=0.5)
        return model

    return build


@pytest.fixture
def present():
    """All, two, one and none of three modalities."""
    return PRESENT.clone()


@pytest.fixture
def vectors():
    """One vector a modality, as the encoder gives them: zero where missing."""
    torch.manual_seed(1)
    return torch.randn(4, 3, HIDDEN, dtype=torch.float64) * PRESENT.unsqueeze(2)
