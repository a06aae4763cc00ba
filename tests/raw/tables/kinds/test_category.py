def test_values_that_differ_in_case_alone_are_named(column):
    found, values = column(["red", "Red", "green", "green"] * 10)
    assert set(values) == {"red", "Red", "green"}
    assert found.cautions == (
        "values that differ in case alone: 'Red' (10), 'red' (10); they stay apart; to merge them, "
        "clean with {correct_values: {values: {COLUMN: {old: new}}}}",
    )


def test_levels_that_may_be_missing_values_are_named(column):
    found, values = column(["private", "state", "?", "private"] * 10)
    assert "?" in values
    assert found.cautions == ("levels that may mean a missing value: '?' (10); empty them if so",)
    assert not column(["+", "-"] * 20)[0].cautions


def test_truth_values_and_few_words_are_categories(column):
    assert column([True, False] * 20)[1][0] == "true"
    assert column(["a few words", "one more word"] * 20)[0].kind == "category"
