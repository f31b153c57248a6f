"""The search for functions of one number that stand in for the normalization of a transformer (arXiv 2512.10938)."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from discover.errors import UserError
from discover.problem import Descriptor
from primitives.evaluators import Evaluator
from primitives.evaluators.numba_cpu import NumbaEvaluator
from primitives.fingerprint import probes
from primitives.packed import Packed
from searches.normalizers.config import Net, NormalizerConfig
from searches.normalizers.curves import describe
from searches.normalizers.data import Images
from searches.normalizers.problem import NETS, NormalizerProblem
from searches.normalizers.programs import POINT_SIGNATURE
from searches.normalizers.transformer import TransformerNet


class PointwiseProblem(NormalizerProblem):
    """Functions f(x; a, s) of every number of every token, with two trainable numbers a layer."""

    signature = POINT_SIGNATURE
    niche_axes = 0

    def __init__(self, config: NormalizerConfig) -> None:
        """Raises UserError where the configuration asks for the impossible."""
        for name in (*NETS, "meta_net"):
            if getattr(config, name).kind != "transformer":
                raise UserError(f'problem.{name}.kind must be "transformer" where space="pointwise"')
        super().__init__(config)
        averaging = [p.name for p in self.primitives if p.over]
        if averaging:
            raise UserError(
                f"problem.primitives: {averaging[0]} averages, which a function of one number cannot: "
                'leave it out, or set space="layers"'
            )
        self.probes = probes(len(self.signature.leaves), 24)
        self.descriptors = (
            *(Descriptor(name, 0, 1) for name in ("bounded", "centred", "monotone")),
            Descriptor("nodes", 1, config.max_nodes),
        )

    @cached_property
    def _evaluator(self) -> Evaluator:
        return NumbaEvaluator(self.primitives, "float64")

    def network(self, net: Net, images: Images) -> TransformerNet:
        """A transformer for these images."""
        return TransformerNet(net, images.train.shape[1], images.classes, images.train.shape[2])

    def kinds(self, batch: Packed) -> np.ndarray:
        """int64[n, 3]: whether the function is bounded, centred and monotone, as `curves` has it."""
        return describe(batch, self._evaluator)
