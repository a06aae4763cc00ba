from graphfuse.raw.cleaning import clean

AGES = [float(20 + i % 10) for i in range(40)]


def ages(manifest):
    return [row[0].read()["age"] if row else None for row in manifest.cells("table")]


def test_limits_hold_for_every_row_and_new_ones(make):
    given = make(age=[*AGES, 300.0, None, -1.0])
    cleaned = clean(given, [{"drop_outliers": {"limits": {"age": [0, None]}}}])
    assert ages(cleaned) == [*AGES, 300.0, None, None]
    assert cleaned.changes[0].what == "age: numbers out of range in 1 sample count as missing"
    assert cleaned.changes[0].ids == ("42",)


def test_ranges_are_fitted_on_the_training_part_alone(make):
    wide = [float(1000 * i) for i in range(40)]
    given = make(age=[*AGES, *wide], split=["train"] * 40 + ["test"] * 40)
    cleaned = clean(given, ["drop_outliers"])
    assert ages(cleaned)[:40] == AGES
    assert set(ages(cleaned)[41:]) == {None}
    everything = clean(given, [{"drop_outliers": {"rows": "all"}}])
    assert everything.repairs["table"][0].options["limits"]["age"][1] > 100


def test_a_time_column_gives_the_training_part(make):
    given = make(age=[*AGES, *(1000.0 * i for i in range(1, 11))], time=list(range(50)))
    assert ages(clean(given, ["drop_outliers"])) == [*AGES, *[None] * 10]
