import collections
import os
import pickle
import pickletools
import struct
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from graphfuse.data.convert import _unpickle
from graphfuse.data.convert._unpickle import ADMITTED, unpickle
from graphfuse.errors import InputError

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def written(tmp_path, content):
    path = tmp_path / "features.pkl"
    path.write_bytes(content)
    return path


def same(a, b):
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        same(a.tolist(), b.tolist())
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert type(a) is type(b)
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            same(one, other)
    else:
        assert a == b


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_and_plain_containers_come_back_as_they_were(tmp_path, protocol):
    shared = np.arange(6.0).reshape(2, 3)
    content = {
        "floats": shared,
        "again": [shared, shared.T, shared[:, ::2], np.asfortranarray(shared)],
        "dtypes": [np.ones(2, t) for t in ("f2", "f4", ">f8", "i1", "<i8", "u2", "?", "c16")],
        "texts": np.array(["a", "ähnlich"]),
        "bytes": np.array([b"ab", b"c"]),
        "objects": np.array(["a", None, 3, shared], dtype=object),
        "empty": np.zeros((0, 5), np.float32),
        "scalars": [np.float32(0.5), np.int64(-3), np.bool_(True), np.str_("x")],
        "plain": (1, -(2**70), 0.5, None, True, "text", b"", b"\x00\xff", [], {}, ()),
        "sets": [{1, 2}, frozenset("ab")],
        "ordered": collections.OrderedDict(a=1, b=[2]),
        "default": collections.defaultdict(list, {"v": [1]}),
    }
    back = unpickle(written(tmp_path, pickle.dumps(content, protocol)))
    same(pickle.loads(pickle.dumps(content, protocol)), back)
    assert type(back["ordered"]) is type(back["default"]) is dict
    assert back["again"][0] is back["floats"]


def test_pickles_of_python_2_and_of_old_numpy(tmp_path):
    # What Python 2 writes at protocol 2: text is bytes, and so is what arrays hold.
    data = struct.pack("<2d", 0.5, -2.0)
    content = (
        b"\x80\x02}q\x01(U\x06videosq\x02c__builtin__\nset\nq\x03]q\x04U\x05Ses01q\x05a\x85q\x06Rq"
        b"\x07U\x04textq\x08cnumpy.core.multiarray\n_reconstruct\nq\tcnumpy\nndarray\nq\nK\x00\x85"
        b"q\x0bU\x01bq\x0c\x87q\rRq\x0e(K\x01K\x02\x85q\x0fcnumpy\ndtype\nq\x10U\x02f8q\x11K\x00K"
        b"\x01\x87q\x12Rq\x13(K\x03U\x01<q\x14NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x15b"
        b"\x89U\x10" + data + b"q\x16tq\x17bu."
    )
    back = unpickle(written(tmp_path, content))
    assert back["videos"] == {"Ses01"}
    same(back["text"], np.array([0.5, -2.0]))


class Attack:
    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


MARK = "graphfuse_was_attacked"
ATTACKS = {
    "os.system": Attack(os.system, (f"export {MARK}=1",)),
    "subprocess.Popen": Attack(subprocess.Popen, (["true"],)),
    "eval": Attack(eval, (f"__import__('os').environ.setdefault('{MARK}', '1')",)),
    "exec": Attack(exec, (f"import os; os.environ['{MARK}'] = '1'",)),
    "getattr": Attack(getattr, ("", "format")),
    "__import__": Attack(__import__, ("os",)),
    "open": Attack(open, (os.devnull, "w")),
    "numpy.load": Attack(np.load, ("x.npy", None, True)),
    "numpy.fromfile": Attack(np.fromfile, ("/etc/hostname",)),
    "numpy.memmap": Attack(np.memmap, (os.devnull,)),
    "numpy.frompyfunc": Attack(np.frompyfunc, (print, 1, 1)),
    "numpy.distutils": Attack(np.lib.format.open_memmap, ("x.npy",)),
    "numpy.recarray": np.rec.array([(1, 2.0)]),
    "numpy.ma": np.ma.array([1, 2], mask=[0, 1]),
    "datetime64": np.array(["2020-01-01"], dtype="datetime64[D]"),
    "structured": np.zeros(2, dtype=[("a", "f4")]),
    "pickle.loads": Attack(pickle.loads, (b"N.",)),
    "type": Attack(type, ("A", (), {})),
    "bytearray": Attack(bytearray, (2**60,)),
    "torch": torch.ones(2),
    "pandas": pd.DataFrame({"a": [1]}),
}


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_everything_else_is_refused_wherever_it_stands(tmp_path, name, protocol):
    attack = ATTACKS[name]
    held = np.empty(1, dtype=object)
    held[0] = attack
    for content in (
        attack,
        [1, {"deep": ("in", [attack])}],
        {"train": {"text": held}},
        Attack(collections.OrderedDict, ([("a", attack)],)),
    ):
        path = written(tmp_path, pickle.dumps(content, protocol))
        with pytest.raises(InputError, match=r"features.pkl"):
            unpickle(path)
    assert MARK not in os.environ


def test_a_refusal_names_the_class_and_what_to_do(tmp_path):
    for name, message in (
        ("os.system", rf"names {os.system.__module__}.system .*FusionDataset.from_arrays"),
        ("pandas", r"names pandas\..*df.to_numpy\(\)"),
        ("torch", r"names torch\._utils\..*tensor.numpy\(\)"),
        ("structured", "structured array|dtype 'V4'"),
        ("datetime64", "dtype 'M8'"),
    ):
        path = written(tmp_path, pickle.dumps(ATTACKS[name]))
        with pytest.raises(InputError, match=message):
            unpickle(path)


def g(module, name):
    return f"c{module}\n{name}\n".encode()


ND = g("numpy", "ndarray")
RECONSTRUCT = g("numpy.core.multiarray", "_reconstruct")
NEW = RECONSTRUCT + b"(" + ND + b"(K\x00tC\x01btR"


def dtype(name, state=b"(K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"):
    text = name.encode()
    return g("numpy", "dtype") + b"(X" + struct.pack("<I", len(text)) + text + b"\x89\x88tR" + state


def array(shape, dtype, data):
    return NEW + b"(K\x01(" + shape + b"t" + dtype + b"\x89" + data + b"tb"


FORGED = {
    "more elements than bytes": array(b"M\x10\x27", dtype("f8"), b"C\x08" + bytes(8)),
    "fewer bytes than nothing": array(b"J\xff\xff\xff\xff", dtype("f8"), b"C\x08" + bytes(8)),
    "pointers as objects": array(b"K\x01", dtype("O8"), b"C\x08" + b"A" * 8),
    "objects beyond a list": array(b"K\x05", dtype("O8"), b"]"),
    "pointers by buffer": (
        g("numpy._core.numeric", "_frombuffer")
        + b"(C\x08AAAAAAAA"
        + dtype("O8")
        + b"(K\x01tX\x01\x00\x00\x00CtR"
    ),
    "pointers as a scalar": (
        g("numpy.core.multiarray", "scalar") + b"(" + dtype("O8") + b"C\x08AAAAAAAAtR"
    ),
    "text without a size": array(b"J\x00\x00\x00\x7f", dtype("U0"), b"C\x00"),
    "characters that do not exist": array(b"K\x01", dtype("U1"), b"C\x04\xff\xff\xff\x7f"),
    "fields beyond the item": array(
        b"K\x01",
        dtype(
            "V8",
            b"(K\x03X\x01\x00\x00\x00|N(X\x01\x00\x00\x00at}X\x01\x00\x00\x00a("
            + dtype("f8")
            + b"M\xff\xfftsK\x08K\x01K\x10tb",
        ),
        b"C\x08" + bytes(8),
    ),
    "fields in a plain dtype": array(
        b"K\x01",
        dtype(
            "f8",
            b"(K\x03X\x01\x00\x00\x00|N(X\x01\x00\x00\x00at}X\x01\x00\x00\x00a("
            + dtype("f8")
            + b"M\xff\xfftsK\x08K\x01K\x10tb",
        ),
        b"C\x08" + bytes(8),
    ),
    "a dtype by a comma list": array(b"K\x01", dtype("f4,O"), b"C\x08" + bytes(8)),
    "state for an admitted name": RECONSTRUCT + b"}X\x06\x00\x00\x00_build" + ND + b"sb",
    "slots for an admitted name": RECONSTRUCT + b"N}X\x06\x00\x00\x00_build" + ND + b"s\x86b",
    "calling an array's class": ND + b"(K\x03tR",
    "a new array without its making": ND + b"(K\x03t\x81",
    "calling a factory": g("builtins", "str") + b"(K\x03tR",
    "a dotted way out": b"\x8c\x08builtins\x8c\x0dset.__class__\x93",
    "a dotted way out of an array": b"\x8c\x05numpy\x8c\x12ndarray.__reduce__\x93",
    "an extension code": b"\x82\x01",
    "a persistent id": b"Pfile\n",
    "a buffer from outside": b"\x97",
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_pickles_reach_no_memory_and_change_nothing(tmp_path, name):
    before = {key: stand_in._build for key, stand_in in ADMITTED.items()}
    path = written(tmp_path, b"\x80\x04" + FORGED[name] + b".")
    with pytest.raises(InputError, match=r"features.pkl"):
        unpickle(path)
    assert before == {key: stand_in._build for key, stand_in in ADMITTED.items()}


def test_forged_pickles_are_what_they_are_meant_to_be():
    for name, content in FORGED.items():
        opcodes = [op.name for op, _, _ in pickletools.genops(b"\x80\x04" + content + b".")]
        assert opcodes[-1] == "STOP", name


def test_what_stands_for_a_name_cannot_be_changed():
    stand_in = ADMITTED["numpy", "dtype"]
    with pytest.raises(pickle.UnpicklingError):
        stand_in.__setstate__({"_build": print})
    with pytest.raises(AttributeError):
        stand_in.other = 1
    # No class or function of ours or numpy's is handed out itself: BUILD would set attributes.
    assert {type(stand_in) for stand_in in ADMITTED.values()} == {_unpickle._Name}


def test_damaged_files(tmp_path):
    whole = pickle.dumps({"a": np.ones(100)})
    for content in (b"", b"hello", whole[:40], whole[:-1], whole[:100] + b"\xff" + whole[101:]):
        with pytest.raises(InputError, match=r"not a readable pickle|is not read"):
            unpickle(written(tmp_path, content))


def test_more_than_memory_holds_is_an_error(tmp_path):
    path = written(tmp_path, b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"abc.")
    with pytest.raises(InputError, match="does not fit into memory"):
        unpickle(path)


def test_attacks_do_run_with_pickle_itself(tmp_path):
    path = written(tmp_path, pickle.dumps(ATTACKS["eval"]))
    code = f"import os, pickle; pickle.load(open({str(path)!r}, 'rb')); print(os.environ['{MARK}'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "1"
