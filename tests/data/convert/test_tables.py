import pytest

from graphfuse.data.convert import read_features
from graphfuse.errors import InputError, UnknownNameError

RNA = "patient,g1,g2\np1,1,2\np2,3,4.5\np4,5,6\n"
METHYLATION = "patient\tc1\np1\t0.5\np3\t0.25\np4\t\n"
LABELS = "patient,subtype\np1,luminal\np2,basal\np3,basal\np4,luminal\n"


def folder(tmp_path, labels=LABELS, **tables):
    tables = {"mrna.csv": RNA, "methylation.tsv": METHYLATION} | tables
    for name, text in {"labels.csv": labels, **tables}.items():
        if text is not None:
            (tmp_path / name).write_text(text)
    return tmp_path


def test_tables_are_joined_and_missing_rows_are_missing_modalities(tmp_path):
    dataset = read_features(folder(tmp_path))
    assert dataset.schema.names == ("methylation", "mrna")
    assert dataset.schema.classes == ("basal", "luminal")
    assert list(dataset.ids) == ["p1", "p2", "p3", "p4"]
    assert dataset.labels().tolist() == [1, 0, 0, 1]
    there = [{m: x.tolist() for m, x in sample.x.items()} for sample in dataset]
    assert there == [
        {"mrna": [[1.0, 2.0]], "methylation": [[0.5]]},
        {"mrna": [[3.0, 4.5]]},
        {"methylation": [[0.25]]},
        {"mrna": [[5.0, 6.0]]},  # an empty row is a missing one
    ]


def test_parts_groups_and_several_targets(tmp_path):
    labels = (
        "patient,subtype,age,split,group\np1,a,50,train,x\np2,b,60.5,Train,x\n"
        "p3,a,70,val,y\np4,,80,test,z\n"
    )
    path = folder(tmp_path, labels)
    with pytest.raises(InputError, match=r"got \['subtype', 'age'\]; name the label"):
        read_features(path)
    dataset = read_features(path, label="subtype")
    assert list(dataset.splits) == ["train", "train", "validation", "test"]
    assert list(dataset.groups) == ["x", "x", "y", "z"]
    assert dataset.labels().tolist() == [0, 1, 0, -1]
    assert read_features(path, label="age", task="regression").labels()[1] == 60.5
    assert set(read_features(path, label="subtype,age").y) == {"subtype", "age"}
    with pytest.raises(UnknownNameError, match="did you mean 'subtype'"):
        read_features(path, label="subtyp")


def test_no_class_is_lost_to_its_name_and_empty_labels_are_counted(tmp_path, caplog):
    labels = "patient,grade,score\np1,None,1\np2,,NA\np3,Mild,3\np4,NA,2\n"
    dataset = read_features(folder(tmp_path, labels), label="grade")
    assert dataset.schema.classes == ("Mild", "NA", "None")
    assert dataset.labels().tolist() == [2, -1, 0, 1]
    assert "1 of 4 samples have no label" in caplog.text
    assert "1 sample of class 'None'; empty these cells" in caplog.text
    dataset = read_features(folder(tmp_path, labels), label="score")  # numbers, one missing
    assert dataset.schema.classes == ("1", "2", "3")
    assert dataset.labels().tolist() == [0, -1, 2, 1]


def test_categories_become_a_number_for_each_of_their_values(tmp_path):
    clinical = "patient;sex;age\np1;m;50\np2;f;60\np3;;70\np4;;\n"  # semicolons are reported
    dataset = read_features(folder(tmp_path, **{"clinical.csv": clinical}))
    there = [sample.x["clinical"].tolist() for sample in dataset if "clinical" in sample.x]
    assert there == [[[50.0, 0.0, 1.0]], [[60.0, 1.0, 0.0]], [[70.0, 0.0, 0.0]]]  # age, f, m


def test_rows_that_match_nothing_are_left_out_and_counted(tmp_path, caplog):
    path = folder(tmp_path, LABELS + "p9,basal\n", **{"mrna.csv": RNA + "p7,1,1\n"})
    assert list(read_features(path).ids) == ["p1", "p2", "p3", "p4"]
    assert "1 ids of labels are in no other table" in caplog.text
    assert "mrna: 1 row without a label is left out" in caplog.text


def test_ids_are_text(tmp_path):
    labels = "id,y\n001,a\n1,b\n"
    path = folder(tmp_path, labels, **{"mrna.csv": "id,g\n001,1\n1,2\n", "methylation.tsv": None})
    assert list(read_features(path).ids) == ["001", "1"]


def test_index_columns_without_a_name(tmp_path):
    path = folder(
        tmp_path, ",y\na,0\nb,1\n", **{"mrna.csv": ",g\na,1\nb,2\n", "methylation.tsv": None}
    )
    assert list(read_features(path).ids) == ["a", "b"]


def test_empty_cells_are_filled_per_fold_or_by_a_number(tmp_path, caplog):
    path = folder(tmp_path, **{"mrna.csv": "patient,g1,g2\np1,1,\np2,,2\np3,,\np4,1,2\n"})
    dataset = read_features(path)
    assert "mrna.csv: 2 empty cells in 2 columns, ['g1', 'g2'], are filled" in caplog.text
    assert [spec.name for spec in dataset.steps] == ["impute", "scale"]
    assert "mrna" not in dataset[2].x
    dataset = read_features(path, fill="0.5")
    assert dataset[1].x["mrna"].tolist() == [[0.5, 2.0]]
    assert "mrna" not in dataset[2].x
    with pytest.raises(InputError, match="fill must be a finite number, got 'mean'"):
        read_features(path, fill="mean")


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"mrna.csv": RNA + "p1,7,8\n"}, "mrna.csv: 1 row repeats an id .*'p1'"),
        ({"labels": LABELS + "p2,basal\n"}, "labels.csv: 1 row repeats an id .*'p2'"),
        ({"mrna.csv": "patient,g1\nq1,1\n"}, r"no id in common: \['q1'\] .*write ids the same way"),
        ({"mrna.csv": "patient,p1,p2\ng1,1,2\n"}, "its columns: transpose it"),
        (
            {"mrna.csv": "patient,g1\np1,1\np2,<5\n"},
            "'g1' must hold only numbers .*such as '1', '<5'; write",
        ),
        ({"mrna.csv": "patient;g1\np1;1,5\np2;high\n"}, "'g1' .*1 of them numbers, .*without a"),
        (
            {"mrna.csv": "patient,name\n" + "".join(f"p{i},n{i}\n" for i in range(60))},
            "'name' must hold only numbers or at most 50 categories, but 60 values",
        ),
        ({"mrna.csv": "patient,g1\np1,inf\n"}, r"infinite values in columns \['g1'\]"),
        ({"mrna.csv": "patient,g1\n,1\n"}, "1 row has no id in column 'patient'"),
        ({"mrna.csv": "patient\np1\n"}, "no column beside its id"),
        ({"mrna.csv": "sample,g1\np1,1\n"}, r"they begin with .*'sample'.*id=NAME"),
        ({"mrna.csv": ""}, "mrna.csv is not a readable table"),
        ({"mrna.tsv": RNA}, "a .csv and a .tsv of the same name"),
        ({"labels": "patient,subtype,split\np1,a,early\n"}, "got 'early' at 'p1'"),
        ({"labels": None}, "there must be one table of labels, called labels"),
        ({"mrna.csv": None, "methylation.tsv": None}, "holds no table but labels.csv"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, tables, message):
    with pytest.raises(InputError, match=message):
        read_features(folder(tmp_path, **tables))


def test_names_that_are_not_there(tmp_path):
    path = folder(tmp_path)
    with pytest.raises(InputError, match="table 'methylation': unknown column 'subtype'"):
        read_features(path, id="subtype")
    with pytest.raises(UnknownNameError, match="did you mean 'labels'"):
        read_features(path, labels="label")
    (path / "labels.csv").rename(path / "clinical.csv")
    assert read_features(path, labels="clinical.csv").schema.classes == ("basal", "luminal")


def test_tables_that_are_no_text(tmp_path):
    path = folder(tmp_path)
    (path / "mrna.csv").write_bytes(b"patient,g\n\xff\xfe,1\n")
    with pytest.raises(InputError, match=r"mrna.csv is not a readable table in UTF-8"):
        read_features(path)


def test_the_separator_line_of_excel_is_no_row(tmp_path):
    tables = {"mrna.csv": "sep=;\nid;f\n1;2\n2;3\n", "methylation.tsv": None}
    dataset = read_features(folder(tmp_path, "sep=;\nid;label\n1;a\n2;b\n", **tables))
    assert dataset.x["mrna"].values.tolist() == [[2], [3]]
    assert dataset.schema.classes == ("a", "b")


def test_numbers_as_people_write_them(tmp_path, caplog):
    text = 'patient;g1;g2;g3\np1;1,5;"1.234,5";1,234\np2;0,25;?;2\np3;-;7;3\np4;1;8;4\n'
    dataset = read_features(folder(tmp_path, **{"mrna.csv": text}))
    assert dataset[0].x["mrna"][0, :3].tolist() == [1.5, 1234.5, 1234.0]
    assert dataset[1].x["mrna"][0, :2].tolist() == [0.25, 0.0]  # missing, and flagged
    assert "column 'g3' is read with a decimal point; '1,234' may mean either" in caplog.text


def test_columns_keep_their_differences(tmp_path):
    rows = "".join(f"p{n},{1_700_000_000 + n}\n" for n in range(1, 5))
    dataset = read_features(folder(tmp_path, **{"mrna.csv": "patient,seconds\n" + rows}))
    assert dataset[1].x["mrna"].item() - dataset[0].x["mrna"].item() == 1
    with pytest.raises(InputError, match=r"modality 'mrna'.*overflows single precision"):
        read_features(folder(tmp_path, **{"mrna.csv": "patient,g\np1,1e39\np2,1\n"}))
