import subprocess
import sys

import pytest

START = (
    "import torch, graphfuse\n"
    "from graphfuse.data import FusionDataset, load_dataset\n"
    "from graphfuse.nn import DenseHGTConv, DenseHypergraphConv\n"
    "data = load_dataset('planted/null', n=20)\n"
)
USES = {
    "to_pyg": "data.batch(range(20)).to_pyg()",
    "from_pyg": "FusionDataset.from_pyg(data.batch(range(20)).to_pyg())",
    "from_pyg_conv": (
        "try:\n"
        "    DenseHGTConv.from_pyg(None)\n"
        "except Exception:\n"
        "    pass\n"
        "import sys\n"
        "assert 'torch_geometric' in sys.modules"
    ),
}


@pytest.mark.parametrize("use", USES)
def test_no_warning_of_pyg_reaches_the_user(use):
    command = [sys.executable, "-W", "default", "-c", START + USES[use]]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "torch_geometric" not in done.stderr
    assert "torch.jit" not in done.stderr
    assert "FutureWarning" not in done.stderr
