"""The [problem] table of an optimizers spec."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Names = Annotated[tuple[str, ...], Field(strict=False)]


class Model(BaseModel):
    """Base of every table: no unknown keys, no silent conversions, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Proxy(Model):
    """The task that candidates are trained on; what does not concern its kind is not read.

    kind      transformer (characters of English text), perceptron (digits with noisy labels), bigram (Zipf,
              heavy-tailed noise), quadratic and logistic (controls, on which sign updates should not win)
    batch     examples a step
    context, width, heads, layers   of the transformer
    file      a text (UTF-8) for the transformer instead of Python's help pages
    """

    kind: Literal["transformer", "perceptron", "bigram", "quadratic", "logistic"] = "transformer"
    batch: int = Field(default=32, ge=1, le=4096)
    context: int = Field(default=16, ge=2, le=512)
    width: int = Field(default=16, ge=16, le=512)
    heads: int = Field(default=2, ge=1, le=64)
    layers: int = Field(default=1, ge=1, le=16)
    file: str = ""


class Trial(Model):
    """How long and how often a candidate is trained.

    steps   minibatches; 5 % of them warm-up, then the step size falls to zero by a cosine
    orders  initial weights and orders of the data; the score is the mean of their validation losses
    """

    steps: int = Field(default=1000, ge=1, le=1_000_000)
    orders: int = Field(default=1, ge=1, le=1000)

    @property
    def warmup(self) -> int:
        """Steps of warm-up."""
        return max(1, self.steps // 20)


class WarmStart(Model):
    """The program that evolution starts from: the paper's AdamW, `update = g * rate * lr`, or a program of one's own.

    form     "adamw", "scratch" or "program"
    rate     peak step size
    decay    decoupled weight decay
    program  its text, where the form says so: of w, g, lr, m and v; it sets update, and m and v for the next step
    """

    form: Literal["adamw", "scratch", "program"] = "adamw"
    program: str = ""
    rate: float = Field(default=0.001, gt=0, allow_inf_nan=False)
    decay: float = Field(default=0.01, ge=0, allow_inf_nan=False)
    beta1: float = Field(default=0.9, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if (self.form == "program") != bool(self.program):
            raise ValueError('form="program" and a program go together')
        return self


class Moves(Model):
    """Weights of the mutations and how they move constants: see discover.problem.Mutations.

    The defaults are the engine's. The paper's are insert = delete = 1 and modify = 0 (its modify is `rewire` and the
    constant moves here, together 1), normal = step = 1, and 0 for duplicate, jump, complement, flip, same and unit.
    """

    insert: float = Field(default=1.0, ge=0)
    delete: float = Field(default=1.0, ge=0)
    modify: float = Field(default=1.0, ge=0)
    rewire: float = Field(default=1.0, ge=0)
    swap: float = Field(default=0.5, ge=0)
    new_constant: float = Field(default=0.5, ge=0)
    scale_constant: float = Field(default=0.5, ge=0)
    duplicate: float = Field(default=0.0, ge=0)
    spread: float = Field(default=2.0, ge=0, le=20)
    normal: float = Field(default=0.0, ge=0, le=1)
    step: float = Field(default=1.0, ge=0, le=20)
    jump: float = Field(default=0.0, ge=0, le=1)
    complement: float = Field(default=0.0, ge=0, le=1)
    flip: float = Field(default=0.1, ge=0, le=1)
    same: float = Field(default=0.15, ge=0, le=1)
    unit: float = Field(default=0.0, ge=0, le=1)


class OptimizerConfig(Model):
    """What optimizers are made of, and what they are trained on.

    primitives      names of the functions; or ["all"], the paper's 45, or ["reduced"], 16 of them
    max_statements  statements of a canonical program
    max_constants   constants
    proxy           the task
    data_seed       names the data orders of the search; finalists get others
    octaves         data orders multiply the gradients by 2**octaves and 2**-octaves in turn: a program must train well
                    in whatever unit the loss is counted
    hurdle          a short training; the best `keep` of the last ones of the same niche go on
    keep            see hurdle
    trial           the training whose loss is the score
    slack           who comes within this factor of the best of its cell is a contender
    contest         contenders are scored again, on other data orders
    meta            training of meta-validation
    meta_proxy      its task
    final           training of the finalists, on data orders that the search has not seen
    finalists       programs of each number of buffers that get it
    ablated         how many of these are cut down to what they need
    """

    primitives: Names = ("all",)
    max_statements: int = Field(default=20, ge=1, le=60)
    max_constants: int = Field(default=12, ge=0, le=40)
    proxy: Proxy = Proxy()
    data_seed: int = Field(default=0, ge=0, lt=2**63)
    octaves: int = Field(default=0, ge=0, le=60)
    hurdle: Trial = Trial(steps=100, orders=1)
    keep: float = Field(default=0.35, gt=0, le=1)
    trial: Trial = Trial(steps=1000, orders=1)
    slack: float = Field(default=1.02, ge=1)
    contest: Trial = Trial(steps=1000, orders=3)
    meta: Trial = Trial(steps=1000, orders=1)
    meta_proxy: Proxy = Proxy(width=32, layers=2, context=32)
    final: Trial = Trial(steps=1000, orders=8)
    finalists: int = Field(default=16, ge=1, le=100)
    ablated: int = Field(default=2, ge=0, le=100)
    warm_start: WarmStart = WarmStart()
    mutations: Moves = Moves()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name, proxy in (("proxy", self.proxy), ("meta_proxy", self.meta_proxy)):
            if proxy.width % (16 * proxy.heads) and proxy.width % proxy.heads:
                raise ValueError(f"{name}.width={proxy.width} cannot be divided among heads={proxy.heads}")
        return self
