"""What a card could do at most: resident warps of a kernel, and instructions and bytes a second.

Figures of the two cards that kernels are compiled for: NVIDIA's "A100 Tensor Core GPU Architecture" and "H100 Tensor
Core GPU Architecture" white papers, and the tables of the CUDA C++ Programming Guide (compute capabilities 8.0, 9.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

WARP = 32
SCHEDULERS = 4  # an SM; each issues an instruction of a warp a clock
BANKS = 128  # bytes that shared memory moves a clock and SM
_REGISTERS, _WARPS, _BLOCKS = 65536, 64, 32  # of an SM, both capabilities
_GRANULE = 256  # registers are handed out to warps in so many
_RESERVED = 1024  # bytes of shared memory that the system takes a block


@dataclass(frozen=True)
class Card:
    """A GPU.

    sms        multiprocessors
    clock      Hz, the highest
    bandwidth  bytes a second, of its DRAM
    shared     bytes of shared memory of an SM
    single     float32 instructions of a warp that an SM begins a clock
    double     the same of float64
    """

    name: str
    capability: tuple[int, int]
    sms: int
    clock: float
    bandwidth: float
    shared: int
    single: float
    double: float

    @property
    def issue(self) -> float:
        """Instructions of warps a second, all SMs together."""
        return self.sms * SCHEDULERS * self.clock

    def rates(self) -> dict[str, float]:
        """Instructions of warps a second, by what they need (see `sass.PIPES`)."""
        every = self.sms * self.clock
        return {
            "issue": SCHEDULERS * every,
            "float32": self.single * every,
            "integer": 2 * every,
            "float64": self.double * every,
            "special": every / 2,
            "shared": every,
        }


CARDS = {
    (8, 0): Card("A100 SXM 80 GB", (8, 0), 108, 1.41e9, 2.039e12, 164 * 1024, 2.0, 1.0),
    (9, 0): Card("H100 SXM", (9, 0), 132, 1.98e9, 3.35e12, 228 * 1024, 4.0, 2.0),
}


def card_of(gpu: Any) -> Card:
    """The card at hand: a device of numba.cuda. What its driver does not say is taken from the nearest of CARDS."""
    capability = tuple(gpu.compute_capability)
    near = CARDS[max((c for c in CARDS if c <= capability), default=min(CARDS))]
    name = gpu.name.decode() if isinstance(gpu.name, bytes) else str(gpu.name)
    asked = {
        "sms": ("MULTIPROCESSOR_COUNT", 1.0),
        "clock": ("CLOCK_RATE", 1e3),
        "shared": ("MAX_SHARED_MEMORY_PER_MULTIPROCESSOR", 1.0),
    }
    found = {key: getattr(gpu, attribute, 0) * unit for key, (attribute, unit) in asked.items()}
    found["bandwidth"] = getattr(gpu, "MEMORY_CLOCK_RATE", 0) * 2e3 * getattr(gpu, "GLOBAL_MEMORY_BUS_WIDTH", 0) / 8
    return replace(near, name=name, capability=capability, **{key: value for key, value in found.items() if value})


def warps(card: Card, registers: int, shared: int, block: int) -> tuple[int, str]:
    """Warps of a kernel that an SM holds at once, of 64; and what limits them.

    registers of a thread, shared bytes and threads of a block.
    """
    of_block = -(-block // WARP)
    of_warp = -(-registers * WARP // _GRANULE) * _GRANULE
    blocks = {
        "warps": _WARPS // of_block,
        "blocks": _BLOCKS,
        "registers": _REGISTERS // of_warp // of_block,
        "shared memory": card.shared // (shared + _RESERVED) if shared else _BLOCKS,
    }
    least = min(blocks, key=lambda name: blocks[name])
    return blocks[least] * of_block, least


def bound(card: Card, counts: Mapping[str, float]) -> tuple[float, str]:
    """Units of work a second that a card cannot exceed, and by what; counts: instructions of warps a unit, by pipe."""
    limits = {name: rate / counts[name] for name, rate in card.rates().items() if counts.get(name)}
    least = min(limits, key=lambda name: limits[name])
    return limits[least], least
