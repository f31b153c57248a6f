"""A found optimizer as plain NumPy: init and step, of lists of arrays."""

from __future__ import annotations

from string import Template

from discover.document import comment, main_lines
from searches.optimizers.export.common import Export
from searches.optimizers.export.expressions import about, body_of, pieces

_FILE = Template('''\
import numpy as np


def init(params):
    """The state before the first step, for a list of arrays."""
    return ${init}


def step(params, grads, state, ${arguments}):
    """One step on a list of arrays: (new params, new state); the given ones stay as they are.

${about}
    Raises ValueError for a gradient that does not fit its weights and for a learning rate that is not above 0.
    """
    if not lr > 0:
        raise ValueError(f"lr must be positive, not {lr}")
    if len(params) != len(grads):
        raise ValueError(f"{len(params)} arrays of weights but {len(grads)} gradients")
    for k, (w, g) in enumerate(zip(params, grads)):
        if not _fits(g, w):
            raise ValueError(f"gradient {k} has shape {np.shape(g)}, its weights {np.shape(w)}")
${count}    rows = zip(${rows})
    results = ${results}
    columns = [list(column) for column in zip(*results)] or [[] for _ in range(${columns})]
    return columns[0], ${new_state}


def _fits(g, w):
    """Whether a gradient can be broadcast to its weights."""
    try:
        return np.broadcast_shapes(np.shape(g), np.shape(w)) == np.shape(w)
    except ValueError:
        return False


def _update(${signature}):
    """One step on one array."""
${body}
    return ${returned}
${helpers}

${golden}


def selftest():
    """Take the golden steps."""
    params = [np.array(values) for values in START]
    state = init(params)
    for factor, gradients, expected in GOLDEN:
        params, state = step(params, [np.array(g) for g in gradients], state, lr=factor * ${lr})
        if not all(np.allclose(p, e, rtol=1e-9, atol=1e-9) for p, e in zip(params, expected)):
            raise SystemExit("${name}: selftest FAILED: golden steps")
''')


def write(export: Export) -> str:
    """The NumPy file."""
    plan = export.plan
    body = body_of(plan, {})
    states = list(plan.states)
    reads_t, reads_lr = "t" in body.inputs, "lr" in body.inputs or plan.folded
    inputs = ["w", "g", *["t"] * reads_t, *["lr"] * reads_lr]
    calls = ["t"] * reads_t + ["lr"] * reads_lr
    names = [s.name for s in plan.settings[1:]]
    fields = [f'"{s}": [np.zeros_like(w) for w in params]' for s in states]
    new = [f'"{s}": columns[{k}]' for k, s in enumerate(states, 1)]
    if reads_t:
        fields.insert(0, '"t": 0')
        new.insert(0, '"t": t')
    filled = pieces(export, body, inputs, names, calls, "np.") | {
        "init": f"{{{', '.join(fields)}}}",
        "new_state": f"{{{', '.join(new)}}}",
        "count": '    t = state["t"] + 1\n' if reads_t else "",
        "rows": ", ".join(["params", "grads", *(f'state["{s}"]' for s in states)]),
        "arguments": ", ".join(f"{s.name}={s.default!r}" for s in plan.settings),
        "returned": ", ".join([f"w - {'lr * ' * plan.folded}update", *states]) + "," * (not states),
        "about": about(export, "lr", names),
        "lr": repr(plan.lr),
    }
    return comment(export.header) + "\n" + _FILE.substitute(filled) + "\n".join(main_lines(export.document))
