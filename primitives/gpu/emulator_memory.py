"""The memory of an emulated GPU: regions in one flat space of addresses, with every access checked. For `emulator`."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from primitives.compiled import outer

POISON = 0xFF  # what memory holds that nobody has written: NaN as a float, -1 as an integer
SPACES = ("shared", "const", "local", "global")
# Addresses of what a module declares, 32 bits wide; arrays are where they are in this process, far above.
BASES = {"shared": 0x10000000, "const": 0x20000000, "local": 0x30000000, "global": 0x40000000}
_GAP = 1 << 12  # between variables, so that to run over the end of one is seen
NOBODY, SEVERAL = -1, -2  # in place of the lane that was at a byte
_INTEGERS = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}


class MemoryFault(Exception):
    """An access that a GPU would answer with an error, or with somebody else's data."""


@dataclass(eq=False)
class Region:
    """`size` bytes from an address on; each lane has its own copy, `stride` bytes apart, where that is not 0.

    seen  int16[2, size] for memory that threads share: who read and who wrote each byte since the last barrier
    """

    name: str
    space: str
    base: int
    size: int
    data: np.ndarray
    stride: int = 0
    writable: bool = True
    seen: np.ndarray | None = None
    _views: dict[int, np.ndarray] = field(default_factory=dict)

    def view(self, width: int) -> np.ndarray:
        """The data as integers of so many bytes."""
        found = self._views.get(width)
        if found is None:
            found = self.data[: len(self.data) // width * width].view(_INTEGERS[width])
            self._views[width] = found
        return found


def region_of(name: str, array: np.ndarray) -> Region:
    """The memory between the first and the last byte of an array, at its own address."""
    first, end = np.lib.array_utils.byte_bounds(array)
    size = end - first if array.size else 0
    memory: Any = (ctypes.c_ubyte * size).from_address(first)
    data = np.frombuffer(memory, np.uint8) if size else np.empty(0, np.uint8)
    return Region(name, "global", first, size, data, writable=array.flags.writeable)


_NOWHERE = Region("", "", 0, 0, np.empty(0, np.uint8))


@outer
def _gather(memory, addresses, active, base, limit, stride, width, align, out):  # type: ignore[no-untyped-def]
    """Load for every active lane; the first lane whose address is outside or misaligned, or -1."""
    for lane in range(len(addresses)):
        if active[lane]:
            at = addresses[lane] - base
            if at < 0 or at > limit - width or at & (align - 1):
                return lane
            out[lane] = memory[(at + lane * stride) // width]
    return -1


@outer
def _scatter(memory, addresses, active, base, limit, stride, width, align, values):  # type: ignore[no-untyped-def]
    """Store, lane after lane; the first lane whose address is outside or misaligned, or -1."""
    for lane in range(len(addresses)):
        if active[lane]:
            at = addresses[lane] - base
            if at < 0 or at > limit - width or at & (align - 1):
                return lane
            memory[(at + lane * stride) // width] = values[lane]
    return -1


def _race(seen, addresses, active, base, width, writes):  # type: ignore[no-untyped-def]
    """Note who reads or writes; the first lane that meets what another one wrote, or writes what it read, or -1."""
    for lane in range(len(addresses)):
        if active[lane]:
            for k in range(addresses[lane] - base, addresses[lane] - base + width):
                reader, writer = seen[0, k], seen[1, k]
                if (writer != NOBODY and writer != lane) or (writes and reader != NOBODY and reader != lane):
                    return lane
                if writes:
                    seen[1, k] = lane
                else:
                    seen[0, k] = lane if reader == NOBODY or reader == lane else SEVERAL
    return -1


class Memory:
    """All regions, and which lanes are active: only their addresses are looked at."""

    def __init__(self) -> None:
        self.regions: list[Region] = []
        self.active = np.ones(1, bool)
        self._atomic = False
        self._last: list[Region] = []  # where each instruction went last: it likely goes there again

    def reset(self, regions: list[Region]) -> None:
        """Other regions from now on."""
        self.regions = regions
        self._last = [_NOWHERE] * len(self._last)

    def meet(self) -> None:
        """All threads are at a barrier: what each has read and written is done."""
        for region in self.regions:
            if region.seen is not None:
                region.seen.fill(NOBODY)

    def _watch(self, region: Region, addresses: np.ndarray, lanes: np.ndarray, width: int, writes: bool) -> None:
        """Raises MemoryFault for a race in shared memory. Atomic changes are no race."""
        if region.seen is None or self._atomic:
            return
        lane = _race(region.seen, addresses, lanes, region.base, width, writes)
        if lane >= 0:
            what = "writes" if writes else "reads"
            lanes = np.arange(len(lanes)) == lane
            raise MemoryFault(
                self._say(f"race: {what} what another wrote or read after the last barrier", addresses, lanes)
            )

    def _place(self) -> int:
        """A number for an instruction that accesses memory."""
        self._last.append(_NOWHERE)
        return len(self._last) - 1

    def load(self, space: str, width: int, align: int) -> Callable[[np.ndarray], np.ndarray]:
        """A function from addresses, aligned so, to integers of `width` bytes; space "" is any."""
        integer, place = _INTEGERS[width], self._place()

        def loader(addresses: np.ndarray) -> np.ndarray:
            out = np.zeros(len(addresses), integer)
            at = self._last[place]
            if _gather(at.view(width), addresses, self.active, at.base, at.size, at.stride, width, align, out) >= 0:
                for at, lanes in self._parts(space, width, align, addresses):
                    _gather(at.view(width), addresses, lanes, at.base, at.size, at.stride, width, align, out)
                    self._last[place] = at
                    self._watch(at, addresses, lanes, width, False)
            elif at.seen is not None:
                self._watch(at, addresses, self.active, width, False)
            return out

        return loader

    def store(self, space: str, width: int, align: int) -> Callable[[np.ndarray, np.ndarray], None]:
        """A procedure that stores integers of `width` bytes at addresses."""
        place = self._place()

        def storer(addresses: np.ndarray, values: np.ndarray) -> None:
            at = self._last[place]
            if _scatter(at.view(width), addresses, self.active, at.base, at.size, at.stride, width, align, values) >= 0:
                for at, lanes in self._parts(space, width, align, addresses):
                    if not at.writable:
                        raise MemoryFault(f"store to {at.name}, which is read only")
                    _scatter(at.view(width), addresses, lanes, at.base, at.size, at.stride, width, align, values)
                    self._last[place] = at
                    self._watch(at, addresses, lanes, width, True)
            elif at.seen is not None:
                self._watch(at, addresses, self.active, width, True)

        return storer

    def change(self, space: str, width: int) -> Callable[..., np.ndarray]:
        """A function of addresses and an `update(lane, old)`: stores what that gives, a lane at a time."""
        load, store = self.load(space, width, width), self.store(space, width, width)

        def changer(addresses: np.ndarray, update: Callable[[int, np.ndarray], Any]) -> np.ndarray:
            active, out = self.active, np.zeros(len(addresses), _INTEGERS[width])
            self._atomic = True
            for lane in np.flatnonzero(active).tolist():
                self.active = np.arange(len(active)) == lane
                out[lane] = load(addresses)[lane]
                store(addresses, np.full(len(addresses), update(lane, out[lane])))
            self.active, self._atomic = active, False
            return out

        return changer

    def _parts(self, space: str, width: int, align: int, addresses: np.ndarray) -> list[tuple[Region, np.ndarray]]:
        """Active lanes by region. Raises MemoryFault if an address is in none, or misaligned."""
        left, found = self.active.copy(), []
        while left.any():
            first = int(addresses[np.argmax(left)])
            region = next(
                (r for r in self.regions if r.base <= first <= r.base + r.size - width and space in ("", r.space)), None
            )
            if region is None:
                raise MemoryFault(self._say(f"{width} bytes outside {space or 'all'} memory", addresses, left))
            at = addresses - region.base
            lanes = left & (at >= 0) & (at <= region.size - width)
            crooked = lanes & ((at & (align - 1)) != 0)
            if crooked.any():
                raise MemoryFault(self._say("misaligned address", addresses, crooked))
            found.append((region, lanes))
            left &= ~lanes
        return found

    def _say(self, what: str, addresses: np.ndarray, lanes: np.ndarray) -> str:
        lane = int(np.flatnonzero(lanes)[0])
        address = int(addresses[lane])
        text = f"{what}: thread {lane} at address {address:#x}"
        near = min((r for r in self.regions if r.base <= address), key=lambda r: address - r.base, default=None)
        return text if near is None else f"{text}, byte {address - near.base} of the {near.size} of {near.name}"


def place(space: str, sizes: list[tuple[str, int, int]]) -> dict[str, int]:
    """Addresses of variables (name, size, alignment) of a space, with room between them."""
    address, found = BASES[space], {}
    for name, size, align in sizes:
        address = -(-address // align) * align
        found[name] = address
        address += -(-max(size, 1) // 256) * 256 + _GAP
    return found


def integers(values: np.ndarray) -> Any:
    """The bits of an array as signed integers of its width."""
    return values if values.dtype.kind == "i" else values.view(_INTEGERS[values.dtype.itemsize])
