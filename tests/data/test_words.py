import pytest

from graphfuse.data.words import count_words, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two words", ["two", "words"]),
        (" it's  3.5-fold,\nas said ", ["it's", "3.5-fold,", "as", "said"]),
        ("房间不错，用了3天", ["房", "间", "不", "错", "用", "了", "3", "天"]),  # noqa: RUF001
        ("とても良いホテル。", ["と", "て", "も", "良", "い", "ホ", "テ", "ル"]),
        ("ดีมาก", ["ดี", "ม", "า", "ก"]),
        ("좋은 호텔", ["좋은", "호텔"]),  # Korean has spaces
        ("iPhone手机很好", ["iPhone", "手", "机", "很", "好"]),
        ("", []),
    ],
)
def test_words_by_script(text, expected):
    assert words(text) == expected
    assert count_words(text) == len(expected)
