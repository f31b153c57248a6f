"""The [problem.esma] table of a constants spec."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from discover.errors import nearest

FAMILIES = ("exp", "tan", "tanh", "bessel_i", "bessel_j")
NUMERATORS, DENOMINATORS, ORDERS = 4, 12, 4  # that formulas are looked for with, whatever a run walked over
BITS_A_TERM = 3.42  # of a number whose quotients are distributed like those of almost all (Levy's constant)


class EsmaConfig(BaseModel):
    """Signed simple continued fractions of which numbers, and what counts as a pattern.

    library        walk over the constants of the library, as far as [problem.identify] names them
    families       and over these functions: exp, tan, tanh, bessel_i and bessel_j (ratios of neighbouring orders)
    numerators     at all rationals p/q with p up to this
    denominators   and q up to this
    orders         Bessel functions of orders r/s with 0 <= r < s <= this
    degree         of the expressions P(c)/Q(c), 1 or 2
    coefficients   of P and Q in their normal form, at most this in magnitude
    period         sign patterns repeat after at most so many terms
    depth          terms of a signed fraction that are looked at; accepted if a linear recurrence of less than a quarter
                   of that length generates them all
    verify         terms that the pattern is then compared with
    bits           precision of the constants at most
    finds          fractions that become finds, those with the shortest formulas
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    library: bool = True
    families: Annotated[tuple[str, ...], Field(strict=False)] = FAMILIES
    numerators: int = Field(default=2, ge=1, le=NUMERATORS)
    denominators: int = Field(default=6, ge=1, le=DENOMINATORS)
    orders: int = Field(default=3, ge=1, le=ORDERS)
    degree: int = Field(default=2, ge=1, le=2)
    coefficients: int = Field(default=4, ge=1, le=30)
    period: int = Field(default=3, ge=1, le=8)
    depth: int = Field(default=100, ge=20, le=1000)
    verify: int = Field(default=1000, ge=100, le=100_000)
    bits: int = Field(default=16384, ge=64, le=10**6)
    finds: int = Field(default=500, ge=1, le=100_000)

    @property
    def longest(self) -> int:
        """The longest recurrence that is accepted."""
        return (self.depth - 1) // 4

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name in self.families:
            if name not in FAMILIES:
                raise ValueError(f"no family {name!r}; {nearest(name, FAMILIES)}")
        if not self.families and not self.library:
            raise ValueError("no constants: library = false and families = [] leave nothing to walk over")
        needed = int(2 * self.depth * BITS_A_TERM)
        if self.bits < needed:
            raise ValueError(
                f"bits = {self.bits} are too few for depth = {self.depth}: an ordinary number needs about {needed}"
            )
        return self
