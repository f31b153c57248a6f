# SPDX-License-Identifier: MIT-0
#
# momentum_ratio: an optimizer of 1 state buffer, 7 operations
#
# Program (w, g, lr are this step's; w -= update):
#     t0 = sqrt(lr)
#     t1 = interp(g, m, 0.8709409045749638)
#     update = tanh(t0 * (t1 / abs(m))) * 0.01
#     m = t1
# Scores:
#     buffers                1             numbers that a weight carries along
#     statements             7             instructions of the canonical form
#     loss                   2.18538       validation, mean over the data orders of finalists
#     best with two buffers  2.19266       of the same run, on the same data orders
# Status: measured
# Found by discover-programs 0.1.0, search optimizers/lion, seed 2, config f0a602492ce93ee1, primitive set 06ee852fd34aec1e
# Find it again: discover run optimizers/lion --seed 2 --budget 6000 --set problem.data_seed=2

import numpy as np


def init(params):
    """The state before the first step, for a list of arrays."""
    return {"m": [np.zeros_like(w) for w in params]}


def step(params, grads, state, lr=1.0, beta=0.8709409045749638, c1=0.01):
    """One step on a list of arrays: (new params, new state); the given ones stay as they are.

    lr: the program's own lr, 1 at the peak of a schedule.
    beta, c1: constants of the program.
    Raises ValueError for a gradient that does not fit its weights and for a learning rate that is not above 0.
    """
    if not lr > 0:
        raise ValueError(f"lr must be positive, not {lr}")
    if len(params) != len(grads):
        raise ValueError(f"{len(params)} arrays of weights but {len(grads)} gradients")
    for k, (w, g) in enumerate(zip(params, grads)):
        if not _fits(g, w):
            raise ValueError(f"gradient {k} has shape {np.shape(g)}, its weights {np.shape(w)}")
    rows = zip(params, grads, state["m"])
    results = [_update(*row, lr, beta, c1) for row in rows]
    columns = [list(column) for column in zip(*results)] or [[] for _ in range(2)]
    return columns[0], {"m": columns[1]}


def _fits(g, w):
    """Whether a gradient can be broadcast to its weights."""
    try:
        return np.broadcast_shapes(np.shape(g), np.shape(w)) == np.shape(w)
    except ValueError:
        return False


def _update(w, g, m, lr, beta, c1):
    """One step on one array."""
    t_ = beta * m + (1 - beta) * g
    update = c1 * np.tanh(_div(t_, np.abs(m)) * (lr)**0.5)
    m = t_
    return w - update, m


def _div(x, y):
    """x / y, and 0 for 0 / 0: weights that have had no gradient yet."""
    return np.where((x == 0) & (y == 0), 0.0, x / np.where((x == 0) & (y == 0), 1.0, y))


# Weights at the start; then of each step: factor on lr, gradients, weights after it.
START = [[1.0625, 1.34375, -1.6875, 0.0625], [1.875, 1.21875, 0.40625]]
GOLDEN = (
)


def selftest():
    """Take the golden steps."""
    params = [np.array(values) for values in START]
    state = init(params)
    for factor, gradients, expected in GOLDEN:
        params, state = step(params, [np.array(g) for g in gradients], state, lr=factor * 1.0)
        if not all(np.allclose(p, e, rtol=1e-9, atol=1e-9) for p, e in zip(params, expected)):
            raise SystemExit("momentum_ratio: selftest FAILED: golden steps")
    print("momentum_ratio: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"momentum_ratio","search":"optimizers/lion","config":{"search":"optimizers","problem":{"primitives":["reduced"],"max_statements":16,"max_constants":12,"proxy":{"kind":"transformer","batch":32,"context":16,"width":16,"heads":2,"layers":1,"file":""},"data_seed":2,"octaves":10,"hurdle":{"steps":60,"orders":1},"keep":0.2,"trial":{"steps":600,"orders":1},"slack":1.007,"contest":{"steps":600,"orders":3},"meta":{"steps":600,"orders":1},"meta_proxy":{"kind":"transformer","batch":32,"context":32,"width":32,"heads":2,"layers":2,"file":""},"final":{"steps":600,"orders":8},"finalists":16,"ablated":2,"warm_start":{"form":"adamw","program":"","rate":0.01,"decay":0.1,"beta1":0.9,"beta2":0.99},"mutations":{"insert":2.0,"delete":1.0,"modify":1.0,"rewire":1.0,"swap":0.25,"new_constant":0.5,"scale_constant":1.5,"duplicate":1.0,"spread":2.0,"normal":0.5,"step":1.0,"jump":0.2,"complement":0.5,"flip":0.1,"same":0.1,"unit":0.0}},"strategy":{"name":"niched","population":100,"tournament":8,"islands":1,"migrate_every":0,"batch":128,"restart_after":0},"run":{"budget":6000,"seed":2,"chunk":4,"meta_every":10,"meta_patience":0}},"config_hash":"f0a602492ce93ee1","seed":2,"reproduce":"discover run optimizers/lion --seed 2 --budget 6000 --set problem.data_seed=2","id":"684ae869","parents":[],"signature":{"inputs":["w","g","lr"],"outputs":["update"],"state":["m","v"]},"primitives":["add","sub","mul","div","max","neg","abs","sign","square","sqrt","reciprocal","interp","tanh","exp","log","clip"],"primitives_hash":"06ee852fd34aec1e","program":["t0 = sqrt(lr)","t1 = interp(g, m, 0.8709409045749638)","update = tanh(t0 * (t1 / abs(m))) * 0.01","m = t1"],"objectives":{"buffers":1.0,"statements":7.0,"loss":2.18537828544742},"descriptors":{"buffers":1,"degree":0,"statements":7},"scores":{"best with two buffers":{"value":2.1926567773254906,"how":"of the same run, on the same data orders"}},"status":"measured","generator":"discover-programs 0.1.0","digest":"36c7480a4c6bcf26"}
