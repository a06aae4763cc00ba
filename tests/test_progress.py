import datasets

from graphfuse import _progress
from graphfuse._progress import progress_bar, without_datasets_bars


class Terminal:
    """A standard error that claims to be a terminal."""

    def __init__(self):
        self.written = ""

    def write(self, text):
        self.written += text

    def flush(self):
        pass

    def isatty(self):
        return True


def test_a_piped_run_gets_a_line_with_the_time_left(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "INTERVAL", 0.0)
    bar = progress_bar(total=4, desc="runs", unit="run")
    with bar:
        for _ in range(4):
            bar.update()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("runs: 1 of 4 runs, 00:00 elapsed, ")
    assert lines[0].endswith(" left")
    assert len(lines) == 3  # the end needs no line


def test_a_piped_run_says_nothing_before_the_interval_is_over(capsys):
    assert sum(progress_bar(range(1000), desc="items", unit="item")) == 499500
    assert capsys.readouterr().err == ""


def test_a_line_without_a_total(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "INTERVAL", 0.0)
    list(progress_bar(iter("abc"), desc="stream", unit="row"))
    assert capsys.readouterr().err.splitlines()[0] == "stream: 1 rows, 00:00 elapsed"


def test_a_terminal_gets_a_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    list(progress_bar(range(3), desc="runs", unit="run"))
    assert "runs: 100%" in terminal.written


def test_nothing_is_shown_where_it_is_not_wanted(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    assert list(progress_bar(range(3), desc="a", unit="b", progress=False)) == [0, 1, 2]
    assert not terminal.written


def test_a_program_without_standard_error_goes_on(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)  # pythonw, or a daemon
    assert list(progress_bar(range(3), desc="a", unit="b")) == [0, 1, 2]


def test_the_bars_of_datasets_come_back():
    with without_datasets_bars():
        assert datasets.are_progress_bars_disabled()
    assert not datasets.are_progress_bars_disabled()
