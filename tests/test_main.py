import signal
import subprocess
import sys

import pytest


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("module", ["argparse", "numpy.exceptions", "torch._utils", "scipy"])
def test_ctrl_c_while_modules_are_imported_is_quiet(module):
    command = [sys.executable, "-X", "importtime", "-m", "graphfuse", "list", "strategies"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr:
            if line.rpartition("|")[2].strip() == module:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
        assert process.wait(60) == 130
    assert [line for line in rest.splitlines() if not line.startswith("import time:")] == []


def test_ctrl_c_is_ignored_where_it_was_ignored_before():
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); sys.argv[1:] = ['env']; "
        "from graphfuse.__main__ import main; main(); "
        "print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True"
