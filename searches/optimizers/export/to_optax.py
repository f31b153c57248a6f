"""A found optimizer as an optax `GradientTransformation`."""

from __future__ import annotations

import textwrap
from string import Template

from discover.document import comment, main_lines
from searches.optimizers.export.common import Export
from searches.optimizers.export.expressions import about, body_of, pieces

_FILE = Template('''\
import sys
from typing import Any, NamedTuple

try:
    import jax
    import jax.numpy as jnp
    import optax
except ModuleNotFoundError as missing:
    if __name__ != "__main__":
        raise
    print(f"${name}: needs {missing.name}: pip install optax", file=sys.stderr)
    raise SystemExit(2) from None


class State(NamedTuple):
    """${state_doc}"""

${fields}


def ${name}(
${arguments}
) -> optax.GradientTransformation:
    """An optimizer of ${title}.

${about}
    For a schedule: `optax.inject_hyperparams(${name})(learning_rate=schedule)`.
    """
    if isinstance(learning_rate, (int, float)) and not learning_rate > 0:
        raise ValueError(f"learning_rate must be positive, not {learning_rate}")

    def init(params):
        ${init}

    def update(updates, state, params=None):
${check}${count}        gradients, tree = jax.tree.flatten(updates)
        rows = zip(${rows})
        results = ${results}
        columns = [tree.unflatten(column) for column in zip(*results)] or [updates] * ${columns}
        return columns[0], State(${new_state})

    return optax.GradientTransformation(init, update)


def _update(${signature}):
    """The update of one array, and its new state."""
${body}
    return ${returned}
${helpers}

${golden}


def selftest():
    """Take the golden steps, compiled, in float32."""
    params = [jnp.array(values) for values in START]
    optimizer = optax.inject_hyperparams(${name})()
    state = optimizer.init(params)
    peak = state.hyperparams["learning_rate"]
    step = jax.jit(optimizer.update)
    for factor, gradients, expected in GOLDEN:
        state.hyperparams["learning_rate"] = factor * peak
        updates, state = step([jnp.array(g) for g in gradients], state, params)
        params = optax.apply_updates(params, updates)
        if not all(jnp.allclose(p, jnp.array(e), rtol=1e-4, atol=1e-4) for p, e in zip(params, expected)):
            raise SystemExit("${name}: selftest FAILED: golden steps")
''')


CHECK = """\
        if params is None:
            raise ValueError("the weights are needed: call update(updates, state, params)")
"""


def write(export: Export) -> str:
    """The optax file."""
    plan = export.plan
    rename = {s.name: s.name.replace("beta", "b") for s in plan.settings if s.role == "beta" and s.name != "beta"}
    rename["lr"] = "learning_rate"
    body = body_of(plan, rename, traced=True)
    states = list(plan.states)
    reads_t, reads_lr = "t" in body.inputs, "lr" in body.inputs or plan.folded
    inputs = [*["w"] * ("w" in body.inputs), "g", *["t"] * reads_t, *["lr"] * reads_lr]
    calls = ["count"] * reads_t + ["learning_rate"] * reads_lr
    names = [rename.get(s.name, s.name) for s in plan.settings[1:]]
    fields = ["count: jax.Array"] * reads_t + [f"{s}: Any" for s in states]
    zeros = ["jnp.zeros([], jnp.int32)"] * reads_t + ["jax.tree.map(jnp.zeros_like, params)"] * len(states)
    rows = ["tree.flatten_up_to(params)"] * ("w" in inputs) + ["gradients"]
    new = ["count"] * reads_t + [f"columns[{k}]" for k in range(1, len(states) + 1)]
    given = [f"-{'lr * ' * plan.folded}update", *states]
    filled = pieces(export, body, inputs, names, calls, "jnp.") | {
        "state_doc": "What every weight carries along" + (", and the number of steps taken." if reads_t else "."),
        "fields": textwrap.indent("\n".join(fields), "    ") if fields else "    pass",
        "arguments": "\n".join(f"    {rename.get(s.name, s.name)}: float = {s.default!r}," for s in plan.settings),
        "about": about(export, "learning_rate", names),
        "init": f"return State({', '.join(zeros)})",
        "check": CHECK * ("w" in inputs),
        "count": "        count = state.count + 1\n" if reads_t else "",
        "rows": ", ".join(rows + [f"tree.flatten_up_to(state.{s})" for s in states]),
        "new_state": ", ".join(new),
        "returned": ", ".join(f"({x}).astype(g.dtype)" if x.startswith("-") else f"{x}.astype(g.dtype)" for x in given)
        + "," * (not states),
    }
    end = "\n".join(main_lines(export.document)).replace("    import sys\n\n", "")
    return comment(export.header) + "\n" + _FILE.substitute(filled) + end
