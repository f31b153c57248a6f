"""The [problem] table of a functions spec."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from discover.errors import nearest
from searches.functions.targets import TARGETS


class Effort(BaseModel):
    """How hard the constants of a candidate are fitted.

    starts           starting points drawn; the first is what the candidate inherited
    short, steps     how many of them go on, for how many steps
    long, more       how many of those go on, for how many steps at most
    lawson           rounds of Lawson's weights on the best, from least squares toward minimax
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    starts: int = Field(ge=1, le=100_000)
    short: int = Field(ge=1, le=100_000)
    steps: int = Field(ge=1, le=10_000)
    long: int = Field(ge=1, le=100_000)
    more: int = Field(ge=0, le=100_000)
    lawson: int = Field(ge=0, le=100)


class FunctionConfig(BaseModel):
    """What is approximated, from what, and how hard the constants are fitted.

    function          name of the target, see targets.TARGETS
    domain            [low, high]; errors are taken over its interior
    primitives        names of the primitives
    max_operations    vertices that depend on x; constants are free
    max_constants     free constants
    points, dense     where constants are fitted, where the error is measured during the search
    magnitudes        decimal exponents between which fresh constants are drawn
    hurdle, proxy     effort of the two stages
    slack             a candidate gets the proxy's effort if its error at the hurdle is within this factor of the best
                      of its cell
    digits            decimal digits of the arithmetic that measures and polishes finalists
    finalists         programs of each operation count that are polished
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    function: str = "exp2"
    domain: Annotated[tuple[float, float], Field(strict=False)] = (0.0, 1.0)
    primitives: Annotated[tuple[str, ...], Field(strict=False)] = ("add", "sub", "mul", "div")
    max_operations: int = Field(default=10, ge=1, le=40)
    max_constants: int = Field(default=6, ge=0, le=20)
    points: int = Field(default=24, ge=8, le=512)
    dense: int = Field(default=128, ge=32, le=8192)
    magnitudes: Annotated[tuple[float, float], Field(strict=False)] = (-2.0, 3.0)
    hurdle: Effort = Effort(starts=8, short=4, steps=8, long=1, more=40, lawson=0)
    proxy: Effort = Effort(starts=48, short=24, steps=10, long=6, more=400, lawson=4)
    slack: float = Field(default=100.0, ge=1.0)
    digits: int = Field(default=50, ge=20, le=1000)
    finalists: int = Field(default=4, ge=1, le=100)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.function not in TARGETS:
            raise ValueError(f"no function {self.function!r}; {nearest(self.function, TARGETS)}")
        low, high = self.domain
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"domain=[{low}, {high}] is not an interval; give two finite numbers, the smaller first")
        if self.magnitudes[0] > self.magnitudes[1]:
            raise ValueError(f"magnitudes={list(self.magnitudes)}: the smaller comes first")
        if self.points < self.max_constants + 2:
            raise ValueError(
                f"points={self.points} cannot fit max_constants={self.max_constants}; take 2 to 3 times as many"
            )
        return self
