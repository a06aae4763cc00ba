import pytest


@pytest.fixture
def pets(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHFUSE_CACHE", str(tmp_path / "cache"))
    rows = [f"a {pet} sat on mat {i},{i},{pet}" for i in range(8) for pet in ("cat", "dog")]
    for name in ("pets.csv", "more.csv"):
        (tmp_path / name).write_text("\n".join(["said,age,label", *rows]))
    return tmp_path
