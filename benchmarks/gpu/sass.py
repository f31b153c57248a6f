"""Machine code, counted: how many instructions stand for every line of a kernel's PTX.

The disassembler is nvdisasm, from the PATH or from the package nvidia-cuda-nvdisasm. Without it PTX is counted.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# What an instruction needs beside its turn at issue.
PIPES = {
    "float32": re.compile(r"F(ADD|MUL|FMA)"),
    "integer": re.compile(r"(I(?!2F)|VI|LOP3|LEA|SHF|PRMT|SEL|FSEL|FSETP|FMNMX|P2R|R2P)"),
    "float64": re.compile(r"D(ADD|MUL|FMA|SETP|MNMX)"),
    "special": re.compile(r"(MUFU|F2F|F2I|I2F|FRND|POPC|FLO)"),
    "shared": re.compile(r"(LDS|STS|ATOMS)"),
}
_WIDE = re.compile(r"\.(64|128)\b")  # a warp's load or store of 8 or 16 bytes a thread takes shared memory 2 or 4 turns
_LINE = re.compile(r'//## File ".*", line (\d+)')
_CODE = re.compile(r"/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][\w.]*)")


@cache
def disassembler() -> str:
    """The path of nvdisasm; empty where there is none."""
    if found := shutil.which("nvdisasm"):
        return found
    spec = find_spec("nvidia")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder).glob("*/bin/nvdisasm")):
            return str(path)
    return ""


def by_line(ptx: str, capability: tuple[int, int]) -> dict[int, list[str]]:
    """Line of the PTX -> opcodes of its machine code. Code that stands for no line is not told."""
    from cuda.bindings import nvjitlink

    data = ptx.encode()
    handle = nvjitlink.create(2, [f"-arch=sm_{capability[0]}{capability[1]}", "-lineinfo"])
    nvjitlink.add_data(handle, nvjitlink.InputType.PTX, data, len(data), "kernel")
    nvjitlink.complete(handle)
    cubin = bytearray(nvjitlink.get_linked_cubin_size(handle))
    nvjitlink.get_linked_cubin(handle, cubin)
    nvjitlink.destroy(handle)
    found: dict[int, list[str]] = defaultdict(list)
    line = 0
    for text in listing(bytes(cubin), "-gp").splitlines():
        if match := _LINE.search(text):
            line = int(match[1])
        elif match := _CODE.search(text):
            found[line].append(match[1])
    return dict(found)


def opcodes(cubin: bytes) -> Counter[str]:
    """All machine instructions of a cubin, but what only fills its end up."""
    return Counter(m[1] for m in map(_CODE.search, listing(cubin).splitlines()) if m and m[1] != "NOP")


def listing(cubin: bytes, *options: str) -> str:
    """What nvdisasm says of a cubin."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        command = [disassembler(), "-c", *options, file.name]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needs(code: Mapping[str, float]) -> dict[str, float]:
    """Instructions by pipe: `issue` takes all of them, the others as PIPES says, shared memory by its turns."""
    found: dict[str, float] = {"issue": sum(code.values())}
    for name, pattern in PIPES.items():
        turns = {op: int(wide[1]) // 32 if name == "shared" and (wide := _WIDE.search(op)) else 1 for op in code}
        found[name] = sum(turns[op] * n for op, n in code.items() if pattern.match(op))
    return found


def in_ptx(ptx: str) -> int:
    """Instructions of a PTX text."""
    return sum(bool(re.match(r"\s+(@!?%p\d+\s+)?[a-z]\w*(\.\w+)*[\s;]", line)) for line in ptx.splitlines())


def executed(code: Mapping[int, list[str]], hits: Mapping[int, float]) -> Counter[Any]:
    """Machine instructions that ran: `hits` of every line of the PTX times the opcodes that stand for it."""
    total: Counter[Any] = Counter()
    for line, n in hits.items():
        for opcode in code.get(line, ()):
            total[opcode] += n
    return total
