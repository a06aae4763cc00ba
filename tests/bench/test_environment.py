import json
import subprocess
import sys

from graphfuse.bench.environment import describe_environment


def test_names_versions_and_hardware():
    facts = describe_environment()
    assert facts["packages"]["graphfuse"]
    assert facts["packages"]["torch"]
    assert facts["cores"] >= 1
    json.dumps(facts)


def test_needs_no_torch():
    code = (
        "import sys, graphfuse.bench.environment as e, graphfuse.bench.store;"
        "e.describe_environment(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
