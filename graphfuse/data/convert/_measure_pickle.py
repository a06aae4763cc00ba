"""Measure what a pickle builds before it is built: a few bytes can stand for any amount of work.

A tuple that holds another one twice, and so on 60 times, takes 98 bytes and 2**60 steps to hash.
"""

from __future__ import annotations

import pickle
import pickletools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

DEEPEST = 100
"""Containers that may lie in one another."""
SPARE = 10**7
"""Parts that a container may have, however small the file is."""
PER_BYTE = 64
"""Parts that a container may have for each byte of the file."""

PUTS = ("PUT", "BINPUT", "LONG_BINPUT")
GETS = ("GET", "BINGET", "LONG_BINGET")
INTO = {"APPEND": 1, "SETITEM": 2, "BUILD": 1, "APPENDS": None, "SETITEMS": None, "ADDITEMS": None}
"""Operations that add values to the container below them: how many, None for all above a mark."""


LEAVES = {
    operation.name
    for operation in pickletools.opcodes
    if not operation.stack_before
    and len(operation.stack_after) == 1
    and operation.name not in (*GETS, "MARK", "EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET")
}
"""Operations that put a number, a text or a name on the stack."""


OPERATIONS = {operation.code.encode("latin-1"): operation for operation in pickletools.opcodes}


@dataclass(slots=True)
class _Part:
    """What stands for a value: how many parts it has, those of its parts counted each time."""

    size: int = 1
    depth: int = 0


MARK = _Part()


def check_work(file: BinaryIO, length: int) -> None:
    """Raise an error if a container of a pickle is too deep, or holds itself too often.

    Args:
        file: the pickle, read to its end.
        length: its bytes.

    Raises:
        pickle.UnpicklingError: it is too deep or too large.
        ValueError, LookupError, EOFError: it is damaged.
    """
    machine = _Machine(PER_BYTE * length + SPARE)
    for operation, value in _operations(file):
        machine.do(operation, value)


class _Machine:
    """The stack and memory of a pickle, which hold sizes in place of values."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.stack: list[_Part] = []
        self.leaf = _Part()
        self.memo: dict[int, _Part] = {}

    def do(self, operation: pickletools.OpcodeInfo, value: Any) -> None:
        """Do one operation."""
        name, stack = operation.name, self.stack
        if name in LEAVES:
            stack.append(self.leaf)
        elif name == "MARK":
            stack.append(MARK)
        elif name in PUTS:
            self.memo[int(value)] = stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif name in GETS:
            stack.append(self.memo[int(value)])
        elif name == "DUP":
            stack.append(stack[-1])
        elif name in INTO:
            parts = self._above_mark() if INTO[name] is None else self._pop(INTO[name])
            self._add(stack[-1], parts)
        else:
            several = pickletools.markobject in operation.stack_before
            taken = self._above_mark() if several else self._pop(len(operation.stack_before))
            for _ in operation.stack_after:
                stack.append(_Part())
                self._add(stack[-1], taken)

    def _pop(self, count: int | None) -> list[_Part]:
        return [self.stack.pop() for _ in range(count or 0)]

    def _above_mark(self) -> list[_Part]:
        parts = []
        while (part := self.stack.pop()) is not MARK:
            parts.append(part)
        return parts

    def _add(self, container: _Part, parts: list[_Part]) -> None:
        container.size += sum(part.size for part in parts)
        container.depth = max([container.depth, *(part.depth + 1 for part in parts)])
        if container.size > self.most or container.depth > DEEPEST:
            raise pickle.UnpicklingError(
                f"its containers are nested {container.depth} deep, or one of them has "
                f"more than {self.most:,} parts"
            )


def _operations(file: BinaryIO) -> Iterator[tuple[pickletools.OpcodeInfo, Any]]:
    """Yield each operation with its argument."""
    while code := file.read(1):
        operation = OPERATIONS.get(code)
        if operation is None:
            raise pickle.UnpicklingError(f"{code!r} is not an operation of a pickle")
        value = None
        if operation.name in ("STRING", "UNICODE"):
            file.readline()  # of any encoding
        elif operation.arg is not None:
            value = operation.arg.reader(file)
        yield operation, value
        if operation.name == "STOP":
            return
    raise EOFError("it is truncated")
