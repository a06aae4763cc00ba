from datasets import Dataset

from graphfuse.raw import Column, Manifest

COLUMNS = (Column("said", "text", "said"),)


def test_samples_without_an_id_keep_the_number_of_their_row():
    manifest = Manifest(Dataset.from_dict({"said": list("abcd")}), COLUMNS)
    chosen = manifest.select([3, 1, 2]).select([0, 2])
    assert chosen.ids.tolist() == ["3", "2"]
    assert [cell.where for (cell,) in chosen.cells("said")] == [
        "sample 3, column 'said'",
        "sample 2, column 'said'",
    ]


def test_an_id_column_names_samples_wherever_they_stand():
    table = Dataset.from_dict({"said": list("abc"), "who": ["x", "y", "z"]})
    manifest = Manifest(table, (*COLUMNS, Column("who", "id")))
    assert manifest.select([2, 0]).ids.tolist() == ["z", "x"]
