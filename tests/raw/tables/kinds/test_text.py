import pytest

from graphfuse.raw import Skipped

REVIEWS = {
    "Chinese": "房间在{}楼，非常干净，服务也很好",  # noqa: RUF001
    "Japanese": "{}回目の宿泊ですがとても良いです",
    "Thai": "พักมา{}ครั้งแล้วห้องสะอาดมาก",
}


@pytest.mark.parametrize("script", REVIEWS)
def test_texts_without_spaces_are_texts_though_they_hold_numbers(column, script):
    found, values = column([REVIEWS[script].format(i) for i in range(40)])
    assert found.kind == "text"
    assert "words per value" in found.why
    assert values[0] == REVIEWS[script].format(0)


def test_short_values_without_spaces_are_categories(column):
    found, _ = column(["非常满意", "不太满意", "北京市朝阳区", "满意"] * 10)
    assert found.kind == "category"


def test_codes_are_left_out_with_a_warning(column):
    found, _ = column([f"a{i}f3" for i in range(40)])
    assert found.skipped is Skipped.CODE
    assert found.warnings == (
        "left out: a code of its own in nearly every row; --column x=text makes it an input",
    )
