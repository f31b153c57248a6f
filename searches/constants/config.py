"""The [problem] table of a constants spec."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from searches.constants.esma.config import EsmaConfig
from searches.constants.evolution.config import EvolutionConfig

Range = Annotated[tuple[int, int], Field(strict=False)]
METHODS = ("box", "esma", "evolution")


class Table(BaseModel):
    """Base of every table: no unknown keys, no silent conversions, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class IdentifyConfig(Table):
    """What limits are compared with.

    constants      names or groups of the library; none: all of it
    file           a TOML file with constants of the user's: a table [constants] of name = "expression"
    user           the same, in the spec itself; what the file says is copied here, so that a run does not depend on it
    decoys         random numbers that are looked for like constants: how many are "found" is the false-positive rate
    coefficients   of the forms (p x + q)/(r x + s) of a constant x that are looked up, at most this in magnitude
    digits         decimal digits to which a formula must hold before it counts as confirmed
    """

    constants: Annotated[tuple[str, ...], Field(strict=False)] = ()
    file: str = Field(default="", exclude=True)
    user: dict[str, str] = {}
    decoys: int = Field(default=4, ge=0, le=1000)
    coefficients: int = Field(default=8, ge=1, le=30)
    digits: int = Field(default=50, ge=30, le=10_000)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("file"):
            from searches.constants.identify.library import read_constants

            data = dict(data)
            data["user"] = {**data.get("user", {}), **read_constants(str(data.pop("file")))}
        return data


class BoxConfig(Table):
    """A box of fractions.

    a               [low, high] of every coefficient of a, lowest degree first
    symmetric       these are instead the coefficients of 1, u, u^2, ... with u = n (n + 1), times 2 n + 1 if `odd`: a
                    then keeps or changes its sign under n -> -1 - n, and with an even b so does the whole recurrence
    half            only one of a and -a, whose values differ in sign
    b               [low, high] of every coefficient of b; empty: a product
    factors         linear factors k n + r of b, with 0 < k <= slopes, |r| <= offsets, no zero at n > 0
    slopes, offsets
    content         [low, high] of the number that multiplies the factors
    depth           terms that the first pass evaluates at most
    sieve           look only at fractions whose convergents reduce as far as can be, modulo many primes; those that no
                    form of one constant explains are then tried with products and powers of constants
    finds           classes of hits that are worked out at the end, those with the smallest formulas
    tries           and classes without a formula that are tried, those first that no smaller box can hold
    neighbours      of a sieved box: as many classes without a formula, in the same order, are compared with those that
                    have one by how they behave, and constants of neighbours are tried on them; what is left is
                    compared with each other (dynamics.clusters). 0: not at all
    """

    a: Annotated[tuple[Range, ...], Field(strict=False, min_length=1, max_length=12)] = ((-5, 5),) * 3
    symmetric: bool = False
    odd: bool = False
    half: bool = False
    b: Annotated[tuple[Range, ...], Field(strict=False, max_length=12)] = ((-5, 5),) * 3
    factors: int = Field(default=0, ge=0, le=12)
    slopes: int = Field(default=1, ge=1, le=6)
    offsets: int = Field(default=1, ge=0, le=50)
    content: Range = (-1, 1)
    depth: int = Field(default=1000, ge=64, le=100_000)
    sieve: bool = False
    finds: int = Field(default=2000, ge=1, le=10**6)
    tries: int = Field(default=400, ge=0, le=10**6)
    neighbours: int = Field(default=1000, ge=0, le=20_000)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name, ranges in (("a", self.a), ("b", self.b), ("content", (self.content,))):
            for low, high in ranges:
                if low > high:
                    raise ValueError(f"{name} has the range [{low}, {high}]; the smaller comes first")
                if max(-low, high) >= 2**31:
                    raise ValueError(f"{name} has the range [{low}, {high}]; coefficients stay below 2^31")
        if all(low == high == 0 for low, high in self.a):
            raise ValueError("a is zero throughout; give at least one coefficient a range")
        if bool(self.b) == bool(self.factors):
            raise ValueError("give b by the ranges of its coefficients, or b = [] and factors, not both")
        if self.b and all(low == high == 0 for low, high in self.b):
            raise ValueError("b is zero throughout; give at least one coefficient a range")
        if self.factors and self.content == (0, 0):
            raise ValueError("content = [0, 0] makes b zero")
        if self.odd and not self.symmetric:
            raise ValueError("odd = true means something only with symmetric = true")
        return self


class ConstantsConfig(Table):
    """What is enumerated or bred, and what its limits are compared with.

    method     "box": every fraction of a box; "esma": signed simple fractions of expressions of constants;
               "evolution": programs, bred
    hours      the longest time that a run may be going to take
    identify   constants
    box, esma, evolution  of this method; the tables of other methods count for nothing
    """

    method: Literal["box", "esma", "evolution"] = "box"
    hours: float = Field(default=1.0, gt=0.0)
    identify: IdentifyConfig = IdentifyConfig()
    box: BoxConfig = BoxConfig()
    esma: EsmaConfig = EsmaConfig()
    evolution: EvolutionConfig = EvolutionConfig()

    @model_serializer(mode="wrap")
    def _own(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the tables of other methods, so that they are in no hash."""
        data: dict[str, Any] = handler(self)
        return {key: value for key, value in data.items() if key not in METHODS or key == self.method}
