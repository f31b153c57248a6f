"""What functions of one number look like: the properties that Derf's authors found a substitute for LayerNorm to need.

Chen et al. (arXiv 2512.10938): bounded, zero-centred, monotone, and sensitive at the centre. Their paper has no numbers
for these; what counts here stands at each constant. All in float64, the trainable leaves as they begin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from primitives.evaluators import Evaluator
from primitives.evaluators.reference import ReferenceEvaluator
from primitives.images import POINTWISE
from primitives.packed import Packed, Shape, pack
from primitives.program import Program
from searches.normalizers.programs import BEGIN, POINT_SIGNATURE

_HALF = np.linspace(0.0, 32.0, 513)[1:]
_DECADES = (4, 8, 16)  # far away, where bounded functions slow down: each power of ten is the square of the one before
_TAIL = np.unique([10.0 ** np.linspace(2, last, 49) for last in _DECADES])
_POSITIVE = np.concatenate([_HALF, _TAIL])
X = np.concatenate([-_POSITIVE[::-1], [0.0], _POSITIVE])  # symmetric, rising
NEAR = np.abs(X) <= 32.0
_MIDDLE = np.abs(X) <= 8.0  # where the tokens are that a network begins with
_ZERO = len(X) // 2

# Between 10^8 and 10^16 a bounded function moves by at most this share of what it moves between 10^4 and 10^8: log(x)
# moves twice as far, log(log(x)) as far, log(x) / (1 + log(x)) half as far.
SLOWING = 0.75
OFF_CENTRE = 0.1  # the value at 0 and the mean around it, as shares of the root mean square around it
FLAT = 0.1  # slopes at the centre below this share of the steepest one are none
ROUNDING = 1e-9  # relative to values and to their range
_HUGE = 1e300


@dataclass(frozen=True)
class Curves:
    """Of n functions. Where a value that matters is NaN, or infinite, a function has none of these properties; but one
    that rises or falls may do so to infinity.

    bounded    bool[n]: finite up to 10^16 either side, and hardly moving there
    centred    bool[n]: small at 0, and in the mean from -8 to 8, against its root mean square there
    rising     bool[n]: never falls, up to 10^16 either side
    falling    bool[n]: never rises
    odd        bool[n]: f(-x) = -f(x) from -32 to 32
    sensitive  bool[n]: its slope at 0 is no small share of its steepest one
    y          float64[n, N]: values at X
    """

    bounded: np.ndarray
    centred: np.ndarray
    rising: np.ndarray
    falling: np.ndarray
    odd: np.ndarray
    sensitive: np.ndarray
    y: np.ndarray

    @property
    def monotone(self) -> np.ndarray:
        """bool[n]: rising or falling, but not constant; the weight that follows may have either sign."""
        return np.asarray(self.rising ^ self.falling)


def curves(batch: Packed, evaluator: Evaluator) -> Curves:
    """The properties of programs of POINT_SIGNATURE."""
    leaves = np.stack([X, *(np.full(len(X), BEGIN[name]) for name in POINT_SIGNATURE.inputs[1:])])
    y = np.asarray(evaluator.outputs(batch, leaves)[:, 0], np.float64)
    with np.errstate(all="ignore"):
        near, middle = y[:, NEAR], y[:, _MIDDLE]
        finite = np.isfinite(near).all(axis=1)
        size = np.ptp(near, axis=1)
        tame = np.clip(y, -_HUGE, _HUGE)  # without infinities, whose differences are NaN
        steps = np.diff(tame, axis=1)
        rounding = np.maximum(np.abs(tame[:, 1:]), np.abs(tame[:, :-1])) + np.ptp(tame[:, NEAR], axis=1)[:, None]
        rounding *= ROUNDING
        rms = np.sqrt(np.mean(middle * middle, axis=1))
        off = np.maximum(np.abs(y[:, _ZERO]), np.abs(middle.mean(axis=1)))
        slopes = np.abs(near[:, 2:] - near[:, :-2])
        return Curves(
            bounded=np.isfinite(y).all(axis=1) & _slows(y),
            centred=finite & (rms > 0.0) & (off <= OFF_CENTRE * rms),
            rising=(steps >= -rounding).all(axis=1),
            falling=(steps <= rounding).all(axis=1),
            odd=finite & (np.abs(near + near[:, ::-1]).max(axis=1) <= ROUNDING * np.abs(near).max(axis=1)),
            sensitive=finite & (size > 0.0) & (slopes[:, slopes.shape[1] // 2] >= FLAT * slopes.max(axis=1)),
            y=y,
        )


def describe(batch: Packed, evaluator: Evaluator) -> np.ndarray:
    """int64[n, 3]: bounded, centred, monotone, 0 or 1 each: what a grid of functions is sorted by."""
    found = curves(batch, evaluator)
    return np.column_stack((found.bounded, found.centred, found.monotone)).astype(np.int64)


def properties(program: Program) -> dict[str, str]:
    """The same of one program over POINTWISE in words, for reports: its values far away and at 0, and its shape."""
    shape = Shape(program.n_leaves, 1, max(len(program.instructions), 1), max(len(program.constants), 1))
    found = curves(pack([program], POINTWISE, shape), ReferenceEvaluator(POINTWISE))
    y = found.y[0]
    values = ", ".join(f"{v + 0.0:.4g}" for v in (y[0], y[_ZERO], y[-1]))
    return {"shape": ", ".join(_words(found)), "far left, at 0, far right": values}


def _words(found: Curves) -> list[str]:
    """The properties of the first function."""
    y = found.y[0]
    if not np.isfinite(y[NEAR]).all():
        return ["not finite everywhere"]
    far = "unbounded" if np.isfinite(y).all() else "not finite far away"
    words = ["bounded" if found.bounded[0] else far, "zero-centred" if found.centred[0] else "off centre"]
    match bool(found.rising[0]), bool(found.falling[0]):
        case True, True:
            return [*words, "constant"]
        case True, False:
            words.append("rising")
        case False, True:
            words.append("falling")
        case _:
            words.append("not monotone")
    if found.odd[0]:
        words.append("odd")
    return [*words, "sensitive at the centre" if found.sensitive[0] else "flat at the centre"]


def _slows(y: np.ndarray) -> np.ndarray:
    """bool[n]: whether far away, on both sides, the largest value met grows ever less."""
    slow = np.ones(len(y), bool)
    for side in (X >= 0.0, X <= 0.0):
        low, middle, high = (np.abs(y[:, side & (np.abs(X) <= 10.0**p)]).max(axis=1) for p in _DECADES)
        slow &= high - middle <= SLOWING * (middle - low) + ROUNDING * high
    return slow
