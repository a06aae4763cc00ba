import pytest

from graphfuse.data.files import likely_encoding, table_text
from graphfuse.errors import InputError


@pytest.mark.parametrize(
    ("text", "encoding", "proposed"),
    [
        ("评论,标签\n房间3楼不错，WiFi很快,好\n", "gbk", "gbk"),  # noqa: RUF001
        ("标签\n房间很好，早餐不错，服务态度很好，下次还会来的\n", "gbk", "gbk"),  # noqa: RUF001
        ("감상,라벨\n이 영화는 정말 재미있어요,좋음\n", "cp949", "euc-kr"),
        ("感想,ラベル\nこの映画はとても面白い,良い\n", "euc-jp", "euc-jp"),
        ("Maße;für;Käse\nÄpfel;süß;1,5\n", "cp1252", "cp1252"),
        ("l'été;à la forêt\n", "cp1252", "cp1252"),
        ("Überführung;müde;Öl;Straßenbahn", "cp1252", "cp1252"),
    ],
)
def test_the_encoding_that_fits_is_proposed(text, encoding, proposed, tmp_path):
    assert likely_encoding(text.encode(encoding)) == proposed
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode(encoding))
    with pytest.raises(InputError, match=f"is no UTF-8 .*encoding='{proposed}'"):
        table_text(path)
    assert table_text(path, proposed) == text
