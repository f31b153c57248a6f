"""The [problem.evolution] table of a constants spec."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class EvolutionConfig(BaseModel):
    """What fractions are bred, and how many of them are looked at closely.

    degree        highest degree of b; that of a is at most the same
    least         lowest degree of numerator and denominator of the canonical form b(n) / (a(n) a(n-1)): below 3 there
                  are few enough fractions to try all, and families with a parameter, one like the other, crowd out the
                  rest
    instructions  of a program
    constants     of a program
    coefficients  the largest coefficient, after what changes nothing is cleared
    plain         what a binary digit in the coefficients costs, where the whole reduction is worth 1
    full          share of the largest reduction from which a fraction is kept for the end
    finalists     canonical classes that are identified at the end: the plainest of each pair of degrees in turn
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    degree: int = Field(default=8, ge=1, le=12)
    least: int = Field(default=3, ge=0, le=12)
    instructions: int = Field(default=20, ge=2, le=60)
    constants: int = Field(default=8, ge=1, le=20)
    coefficients: int = Field(default=2000, ge=1, le=2**31)
    plain: float = Field(default=0.005, ge=0.0, le=0.1)
    full: float = Field(default=0.95, gt=0.0, le=1.0)
    finalists: int = Field(default=1500, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.least > self.degree:
            raise ValueError(f"least={self.least} is more than degree={self.degree}")
        if self.degree < 4 and self.least == 3:
            raise ValueError(f"nothing to start from: degree={self.degree}, least=3; take degree=4 or more, or least=2")
        return self
