"""Kernels that a package's modules launch, run by the PTX emulator on NumPy arrays instead."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
from numba import types
from numba.cuda.dispatcher import CUDADispatcher

from primitives.gpu.compile import Compiled, compile_for
from primitives.gpu.emulator import Emulator

CAPABILITY = (8, 0)  # its PTX is good for later ones too


def _typed(argument: Any) -> Any:
    if isinstance(argument, tuple):
        return types.UniTuple(_typed(argument[0]), len(argument))
    if isinstance(argument, np.ndarray):
        return types.Array(getattr(types, argument.dtype.name), argument.ndim, "C")
    return {bool: types.boolean, int: types.int64, float: types.float64}[type(argument)]


class Emulated:
    """A kernel that is launched as Numba's are: `compiled` for each signature when that first comes."""

    def __init__(self, kernel: Any) -> None:
        self.kernel = kernel
        self.compiled: dict[Any, Compiled] = {}
        self._emulators: dict[Any, Emulator] = {}

    def __getitem__(self, configuration: tuple[int, int, int, int]) -> Any:
        blocks, threads, _, shared = configuration

        def run(*arguments: Any) -> None:
            signature = tuple(map(_typed, arguments))
            if signature not in self._emulators:
                self.compiled[signature] = compile_for(self.kernel, signature, CAPABILITY)
                self._emulators[signature] = Emulator(self.compiled[signature])
            self._emulators[signature].launch(blocks, threads, arguments, shared)

        return run


def kernels(*modules: ModuleType) -> Iterator[tuple[ModuleType, str, Emulated]]:
    """(module, name, what to put there) of every kernel that these modules know; one that several know is one."""
    made: dict[int, Emulated] = {}
    for module in modules:
        for name, value in list(vars(module).items()):
            if isinstance(value, CUDADispatcher):
                yield module, name, made.setdefault(id(value), Emulated(value))
