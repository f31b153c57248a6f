"""Published layers as programs: for reports, `show`, benchmarks and tests only.

Nothing that breeds or scores programs may import this module.

Every layer is followed by a trainable affine map of each channel, y * weight + bias, that is no part of the program.
Where a publication has such a map between the normalization and a nonlinearity, v1 is its weight and v0 its bias, which
begin at 1 and 0 as they do there. So the affine map that follows says nothing new for these: it is one more.

Statistics have epsilon 1e-5 below the root (primitives.images). That is what torch's layers and the published EvoNorms
have by default, but for B0, whose epsilon is 1e-3 in the authors' code and in timm.
"""

from __future__ import annotations

from functools import cache

from primitives.images import LAYERS, POINTWISE
from primitives.program import Program
from primitives.text import parse
from searches.normalizers.programs import POINT_SIGNATURE, SIGNATURE

_EVONORM = "Liu et al. 2020, arXiv 2004.02967"
_RELU, _SILU = "y = max({u}, 0)", "u = {u}\ny = u * sigmoid(u)"
_NORMS = {  # name: statistic, source
    "BatchNorm": ("batch", "Ioffe and Szegedy 2015, arXiv 1502.03167; torch.nn.BatchNorm2d"),
    "InstanceNorm": ("instance", "Ulyanov et al. 2016, arXiv 1607.08022; torch.nn.InstanceNorm2d"),
    "GroupNorm": ("group", "Wu and He 2018, arXiv 1803.08494; torch.nn.GroupNorm"),
    # over channels and pixels of an image, as in its publication; not of every pixel by itself, as in transformers
    "LayerNorm": ("layer", "Ba et al. 2016, arXiv 1607.06450; torch.nn.GroupNorm of one group"),
}


def _layers() -> dict[str, tuple[str, str]]:
    table = {
        "identity": ("x", "no layer at all"),
        "ReLU": ("max(x, 0)", "Nair and Hinton 2010; no normalization"),
        "SiLU": ("x * sigmoid(x)", "Elfwing et al. 2017, arXiv 1702.03118; no normalization"),
        "tanh": ("tanh(x)", "no normalization"),
    }
    for name, (statistic, source) in _NORMS.items():
        centred = f"(x - mean_{statistic}(x)) / std_{statistic}(x)"
        table[name] = (centred, source)
        table[f"{name}-ReLU"] = (_RELU.format(u=f"{centred} * v1 + v0"), source)
        table[f"{name}-SiLU"] = (_SILU.format(u=f"{centred} * v1 + v0"), source)
    rms = "x / rms_layer(x)"
    table["RMSNorm"] = (rms, "Zhang and Sennrich 2019, arXiv 1910.07467")
    table["RMSNorm-SiLU"] = (_SILU.format(u=f"{rms} * v1"), "Zhang and Sennrich 2019, arXiv 1910.07467")
    # max(x / rms * gamma + beta, tau) = max(x / rms * gamma, tau - beta) + beta: v1 is gamma, v0 is tau - beta, the
    # bias that follows is beta, and the weight that follows is 1, while here it is trained too.
    table["FRN-TLU"] = ("max(x / rms_instance(x) * v1, v0)", "Singh and Krishnan 2019, arXiv 1911.09737")
    table |= {
        "EvoNorm-B0": ("x / max(std_batch(x), v1 * x + std_instance(x))", _EVONORM),
        "EvoNorm-B1": ("x / max(std_batch(x), (x + 1) * rms_instance(x))", _EVONORM),
        "EvoNorm-B2": ("x / max(std_batch(x), rms_instance(x) - x)", _EVONORM),
        "EvoNorm-S0": ("x * sigmoid(v1 * x) / std_group(x)", _EVONORM),
        "EvoNorm-S1": ("x * sigmoid(x) / std_group(x)", _EVONORM),
        "EvoNorm-S2": ("x * sigmoid(x) / rms_group(x)", _EVONORM),
    }
    return table


def _functions() -> dict[str, tuple[str, str]]:
    """DyT, Derf, and Derf's rivals (the folder other_functions of github.com/zlab-princeton/Derf), of u = a x + s.

    Two rivals are missing: satursin needs a sine, and smoothsign_clip is smoothsign, whose values are below 1 anyway.
    There is no sign among the primitives, so where a rival has one, two halves are put together.
    """
    derf = "Chen et al. 2025, arXiv 2512.10938"
    rivals = {
        "arctan": "arctan(u) * 0.6366197723675814",  # 2 / pi
        "smoothsign": "u / (1 + abs(u))",
        "isru": "u / sqrt(square(u) + 1)",
        "relsign": "u / (sqrt(square(u) + 1) + 1)",
        "cubsign": "u * square(u) / (abs(u) * square(u) + 1)",
        "expsign": "exp(min(u, 0)) - exp(-max(u, 0))",
        "exproot": "r = ssqrt(u)\ny = exp(min(r, 0)) - exp(-max(r, 0))",
        "saturlog": "l = slog(max(u, 0) + 1) - slog(1 - min(u, 0))\ny = l / (abs(l) + 1)",
        "linear_clip": "max(min(u, 1), -1)",
        "logsign_clip": "l = slog(max(u, 0) + 1) - slog(1 - min(u, 0))\ny = max(min(l, 1), -1)",
        "logquad_clip": "l = slog(square(max(u, 0)) + 1) - slog(square(min(u, 0)) + 1)\ny = max(min(l, 1), -1)",
        "power23_clip": "max(min(u * exp(slog(abs(u)) / -3), 1), -1)",
    }
    table = {
        "identity": ("x", "no layer at all"),
        "DyT": ("tanh(a * x)", "Zhu et al. 2025, arXiv 2503.10622"),
        "Derf": ("erf(a * x + s)", derf),
    }
    for name, text in rivals.items():
        table[name] = ("u = a * x + s\n" + _statements(text), f"{derf}: a rival of Derf")
    return table


@cache
def _forms(space: str) -> dict[str, tuple[str, str]]:
    return {"layers": _layers, "pointwise": _functions}[space]()


def _statements(text: str) -> str:
    return text if "y = " in text else f"y = {text}"


def known(space: str) -> dict[str, Program]:
    """Name -> program, of space "layers" (SIGNATURE, over LAYERS) or "pointwise" (POINT_SIGNATURE, over POINTWISE)."""
    signature, primitives = (SIGNATURE, LAYERS) if space == "layers" else (POINT_SIGNATURE, POINTWISE)
    forms = _forms(space)
    return {name: parse(_statements(text), signature, primitives) for name, (text, _) in forms.items()}


def source(name: str, space: str) -> str:
    """Where a known layer was published."""
    return _forms(space)[name][1]
