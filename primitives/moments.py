"""Algebra of moments over the axes of a batch of images, as rules of the canonical form (see `identities`).

They hold up to rounding, of sums of other order; and for EPS, which `rms` and `std` add, exactly. In a template `I`
stands for a statistic, and behind `flat` for its axes; a line is written out for every statistic.
"""

from __future__ import annotations

from primitives.images import EPS, STATISTICS

# What is flat is its own mean. A mean passes by what is flat over its axes, and a deviation does not see it.
_EVERY = f"""
mean_I(v) -> v if v flat I
mean_I(sub(v, mean_I(v))) -> 0
mean_I(sub(mean_I(v), v)) -> 0
mean_I(neg(v)!) -> neg(mean_I(v))
mean_I(add(v, w)!) -> add(mean_I(v), w) if w flat I
mean_I(add(w, v)!) -> add(mean_I(v), w) if w flat I
mean_I(sub(v, w)!) -> sub(mean_I(v), w) if w flat I
mean_I(sub(w, v)!) -> sub(w, mean_I(v)) if w flat I
mean_I(mul(v, w)!) -> mul(mean_I(v), w) if w flat I
mean_I(mul(w, v)!) -> mul(mean_I(v), w) if w flat I
mean_I(div(v, w)!) -> div(mean_I(v), w) if w flat I
std_I(v) -> sqrt({EPS}) if v flat I
std_I(neg(v)) -> std_I(v)
std_I(add(v, w)) -> std_I(v) if w flat I
std_I(add(w, v)) -> std_I(v) if w flat I
std_I(sub(v, w)) -> std_I(v) if w flat I
std_I(sub(w, v)) -> std_I(v) if w flat I
rms_I(c) -> sqrt(add(square(c), {EPS}))
rms_I(neg(v)) -> rms_I(v)
rms_I(abs(v)) -> rms_I(v)
rms_I(sub(v, mean_I(v))) -> std_I(v)
rms_I(sub(mean_I(v), v)) -> std_I(v)
"""


def _two() -> list[str]:
    """Of two statistics: a mean over more axes swallows one over some of them; else that of a batch is taken first;
    and the root mean square of what is flat is called the same over any axes."""
    lines = []
    for name, axes in STATISTICS.items():
        for other, fewer in STATISTICS.items():
            if set(fewer) < set(axes):
                lines.append(f"mean_{name}(mean_{other}(v)) -> mean_{name}(v)")
                lines.append(f"rms_{name}(rms_{other}(v)!) -> rms_instance(rms_{name}(v))")
            elif not set(axes) <= set(fewer) and "b" in axes:
                lines += (f"{m}_{name}({m}_{other}(v)!) -> {m}_{other}({m}_{name}(v))" for m in ("mean", "rms"))
        if name != "instance":
            lines.append(f"rms_{name}(v) -> rms_instance(v) if v flat {axes}")
    return lines


def _written_out(line: str) -> list[str]:
    body, condition, axes = line.partition(" flat ")
    return [body.replace("_I", f"_{name}") + condition + (over if axes else "") for name, over in STATISTICS.items()]


MOMENTS = "\n".join([*(rule for line in _EVERY.split("\n") if line for rule in _written_out(line)), *_two()])
