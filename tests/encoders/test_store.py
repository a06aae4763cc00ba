import resource

import numpy as np
import pytest
import torch

from graphfuse.encoders import Nodes, create_encoder
from graphfuse.encoders.store import NodeStore
from graphfuse.errors import InputError

DIGESTS = [f"{i:064x}" for i in range(6)]


@pytest.fixture
def store(tmp_path):
    store = NodeStore(tmp_path, create_encoder("text", "ngrams"))
    nodes = [Nodes(torch.full((i, 3), float(i)), torch.zeros(i, 1)) for i in range(1, 7)]
    store.put(DIGESTS, nodes)
    return store


def test_what_was_put_is_found(store):
    found = store.get([*DIGESTS[2:4], "f" * 64])
    assert sorted(found) == DIGESTS[2:4]
    assert found[DIGESTS[2]].x.tolist() == [[3.0] * 3] * 3


def test_a_damaged_file_is_never_used(store):
    (path,) = store.folder.glob("*.safetensors")
    content = path.read_bytes()
    whole = store.get(DIGESTS)
    rng = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        for digest, nodes in store.get(DIGESTS).items():  # a name in the header may stay unread
            assert torch.equal(nodes.x, whole[digest].x)
            assert torch.equal(nodes.pos, whole[digest].pos)
    for cut in range(0, len(content), 50):
        path.write_bytes(content[:cut])
        assert store.get(DIGESTS) == {}


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(store):
    before = sorted(store.folder.iterdir())
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(InputError, match=r"1 encoded items cannot be written .*make room"):
            store.put(["a" * 64], [Nodes(torch.ones(1000, 3), torch.zeros(1000, 1))])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert sorted(store.folder.iterdir()) == before
