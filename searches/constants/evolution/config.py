"""The [problem.evolution] table of a constants spec."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class EvolutionConfig(BaseModel):
    """What fractions are bred, and how many of them are looked at closely.

    degree        highest degree of b; that of a is at most the same
    instructions  of a program
    constants     of a program
    plain         what a binary digit in the coefficients costs, where the whole reduction is worth 1
    full          share of the largest reduction from which a fraction is kept for the end
    finalists     canonical classes that are identified at the end: the plainest of each pair of degrees in turn
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    degree: int = Field(default=8, ge=1, le=12)
    instructions: int = Field(default=20, ge=2, le=60)
    constants: int = Field(default=8, ge=1, le=20)
    plain: float = Field(default=0.0005, ge=0.0, le=0.1)
    full: float = Field(default=0.95, gt=0.0, le=1.0)
    finalists: int = Field(default=1500, ge=1, le=1_000_000)
