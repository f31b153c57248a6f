"""The [problem] table of a normalizers spec."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

Precision = Literal["float32", "bfloat16"]
Names = Annotated[tuple[str, ...], Field(strict=False)]


class Model(BaseModel):
    """Base of every table: no unknown keys, no silent conversions, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Net(Model):
    """A network that candidates are trained in: every normalization is the candidate.

    kind      residual (x + convolution(layer(x)), pre-activation), plain (without the x +), or transformer (layers
              before attention and before the perceptron, and at the end)
    blocks    how deep
    width     channels, or the width of tokens
    groups    groups of channels, for statistics of groups
    stride    of the first convolution; of a transformer, the side of a patch
    gain      initial weights of the blocks are as He et al. have them, times this
    heads     of a transformer
    """

    kind: Literal["residual", "plain", "transformer"] = "residual"
    blocks: int = Field(default=8, ge=1, le=64)
    width: int = Field(default=16, ge=1, le=1024)
    groups: int = Field(default=4, ge=1, le=1024)
    stride: int = Field(default=2, ge=1, le=8)
    gain: float = Field(default=1.0, gt=0, le=100, allow_inf_nan=False)
    heads: int = Field(default=2, ge=1, le=64)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.width % self.groups:
            raise ValueError(f"width={self.width} channels cannot be divided into groups={self.groups}")
        if self.kind == "transformer" and self.width % self.heads:
            raise ValueError(f"width={self.width} cannot be divided among heads={self.heads}")
        return self


class Training(Model):
    """How a network is trained, the step size falling to zero by a cosine.

    steps      minibatches
    seeds      trainings, each with initial weights and an order of the data of its own
    optimizer  sgd, with momentum 0.9, or adam
    rate       peak step size
    batch      images a step
    """

    steps: int = Field(default=100, ge=1, le=1_000_000)
    seeds: int = Field(default=2, ge=1, le=1000)
    optimizer: Literal["sgd", "adam"] = "sgd"
    rate: float = Field(default=0.1, gt=0, allow_inf_nan=False)
    batch: int = Field(default=32, ge=2, le=4096)


class Gate(Model):
    """The stability gate of arXiv 2004.02967: climb to where the gradient of the loss is largest, and see how large.

    steps   of gradient ascent on the norm of the gradient, each of this length in the space of all weights
    length  of a step
    images  in the one batch it is done on
    limit   a layer with which the norm exceeds this is refused
    """

    steps: int = Field(default=40, ge=1, le=1000)
    length: float = Field(default=0.5, gt=0, allow_inf_nan=False)
    images: int = Field(default=16, ge=2, le=4096)
    limit: float = Field(default=1e8, gt=0, allow_inf_nan=False)


class NormalizerConfig(Model):
    """What layers are made of, and what they are tried in.

    space        layers (of x, v0, v1; images) or pointwise (functions of one number x, with trainable a and s; tokens)
    primitives   names of primitives, or one name of a whole set: layers, by_image, pointwise
    max_nodes    instructions of a canonical program
    deep, plain, scaled   the three networks of the search
    meta_net     the network of meta-validation, on MNIST
    hurdle       a short training in the deep network; the best `keep` of the last ones of its kind go on
    gate         the stability gate
    quality      a short training in the deep and the plain network; whoever has an accuracy below `chance` is refused,
                 and the best `keep` of the last ones of its kind go on
    proxy        the training in all three networks whose mean loss is the score
    final, meta  trainings of the finalists, with seeds of their own: in the three networks, and in the meta network
    finalists    how many of a series (with statistics of the batch, or without)
    data_seed    names initial weights and orders of the data
    precision    in which trainings convolve and multiply matrices: float32, or what they take is rounded to bfloat16.
                 Weights, statistics, and whatever else layers do, are float32; so is the stability gate
    """

    space: Literal["layers", "pointwise"] = "layers"
    primitives: Names = ("layers",)
    max_nodes: int = Field(default=10, ge=1, le=64)
    deep: Net = Net()
    plain: Net = Net(kind="plain", blocks=4)
    scaled: Net = Net(blocks=4, gain=3.0)
    meta_net: Net = Net(blocks=6)
    hurdle: Training = Training(steps=20, seeds=1)
    keep_hurdle: float = Field(default=0.35, gt=0, le=1)
    gate: Gate = Gate()
    quality: Training = Training(steps=100, seeds=1)
    chance: float = Field(default=0.2, ge=0, le=1)
    keep_quality: float = Field(default=0.6, gt=0, le=1)
    proxy: Training = Training(steps=200, seeds=1)
    final: Training = Training(steps=200, seeds=2)
    meta: Training = Training(steps=300, seeds=2)
    finalists: int = Field(default=6, ge=1, le=1000)
    data_seed: int = Field(default=0, ge=0, lt=2**63)
    precision: Precision = "float32"

    @model_serializer(mode="wrap")
    def _chosen(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the precision where it is the usual one: what is older than the choice keeps its hash."""
        data: dict[str, Any] = handler(self)
        if self.precision == "float32":
            data.pop("precision", None)
        return data
