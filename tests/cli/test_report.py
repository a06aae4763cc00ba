from graphfuse.cli import main


def test_a_report_goes_into_an_html_file(tmp_path, capsys):
    for out in ("report.pdf", str(tmp_path)):
        assert main(["report", str(tmp_path), "--out", out]) == 2
        assert "--out must be an HTML file" in capsys.readouterr().err
