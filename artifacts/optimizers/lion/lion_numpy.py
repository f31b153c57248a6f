# SPDX-License-Identifier: MIT-0
#
# lion: an optimizer of 1 state buffer, 5 operations
#
# Program (w, g, lr are this step's; w -= update):
#     update = sign(interp(g, m, 0.6295420535693635)) * 0.00802716233301956
#     m = interp(g, m, 0.9)
# It takes one step size for all steps; here lr multiplies the update.
# Scores:
#     buffers                1             numbers that a weight carries along
#     statements             4             instructions of the canonical form
#     loss                   2.26089       validation, mean over the data orders of finalists
#     best with two buffers  2.25496       of the same run, on the same data orders
# Status: rediscovered
# Found by discover-programs 0.1.0, search optimizers/lion, seed 0, config 885d6fa94080106a, primitive set 06ee852fd34aec1e
# Find it again: discover run optimizers/lion --seed 0 --budget 6000

import numpy as np


def init(params):
    """The state before the first step, for a list of arrays."""
    return {"m": [np.zeros_like(w) for w in params]}


def step(params, grads, state, lr=0.00802716233301956, beta1=0.6295420535693635, beta2=0.9):
    """One step on a list of arrays: (new params, new state); the given ones stay as they are.

    lr: the learning rate.
    beta1, beta2: constants of the program.
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
    results = [_update(*row, lr, beta1, beta2) for row in rows]
    columns = [list(column) for column in zip(*results)] or [[] for _ in range(2)]
    return columns[0], {"m": columns[1]}


def _fits(g, w):
    """Whether a gradient can be broadcast to its weights."""
    try:
        return np.broadcast_shapes(np.shape(g), np.shape(w)) == np.shape(w)
    except ValueError:
        return False


def _update(w, g, m, lr, beta1, beta2):
    """One step on one array."""
    update = np.sign(beta1 * m + (1 - beta1) * g)
    m = beta2 * m + (1 - beta2) * g
    return w - lr * update, m


# Weights at the start; then of each step: factor on lr, gradients, weights after it.
START = [[1.0625, 1.34375, -1.6875, 0.0625], [1.875, 1.21875, 0.40625]]
GOLDEN = (
    (0.5, [[0.0, -0.1875, -0.0029296875, -0.375], [-0.00634765625, -0.0126953125, 0.002685546875]],
     [[1.0625, 1.3477635811665098, -1.6834864188334902, 0.06651358116650978], [1.8790135811665098, 1.2227635811665098, 0.4022364188334902]]),
    (1.0, [[0.0, 0.001953125, -0.0087890625, -0.029296875], [-0.40625, -0.0859375, -0.46875]],
     [[1.0625, 1.3557907434995293, -1.6754592565004707, 0.07454074349952934], [1.8870407434995293, 1.2307907434995293, 0.41026358116650974]]),
    (1.0, [[0.0, 0.03515625, 0.002197265625, 0.002685546875], [0.46875, 0.1015625, 0.078125]],
     [[1.0625, 1.3477635811665098, -1.6834864188334902, 0.0825679058325489], [1.8790135811665098, 1.2227635811665098, 0.4182907434995293]]),
    (0.75, [[0.0, 0.28125, -0.625, -0.00341796875], [0.0859375, 0.005859375, 0.40625]],
     [[1.0625, 1.3417432094167452, -1.6774660470837255, 0.08858827758231358], [1.8729932094167452, 1.2167432094167452, 0.41227037174976466]]),
    (0.5, [[0.0, 0.0859375, -0.375, -0.203125], [0.875, -0.078125, -0.5625]],
     [[1.0625, 1.3377296282502353, -1.6734524659172156, 0.09260185874882336], [1.8689796282502353, 1.220756790583255, 0.41628395291627446]]),
    (0.25, [[0.0, 0.017578125, -0.5, -0.3125], [0.6875, -0.4375, 0.0703125]],
     [[1.0625, 1.3357228376669805, -1.6714456753339608, 0.09460864933207824], [1.8669728376669805, 1.2227635811665098, 0.4182907434995293]]),
)


def selftest():
    """Take the golden steps."""
    params = [np.array(values) for values in START]
    state = init(params)
    for factor, gradients, expected in GOLDEN:
        params, state = step(params, [np.array(g) for g in gradients], state, lr=factor * 0.00802716233301956)
        if not all(np.allclose(p, e, rtol=1e-9, atol=1e-9) for p, e in zip(params, expected)):
            raise SystemExit("lion: selftest FAILED: golden steps")
    print("lion: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"lion","search":"optimizers/lion","config":{"search":"optimizers","problem":{"primitives":["reduced"],"max_statements":16,"max_constants":12,"proxy":{"kind":"transformer","batch":32,"context":16,"width":16,"heads":2,"layers":1,"file":""},"data_seed":0,"octaves":10,"hurdle":{"steps":60,"orders":1},"keep":0.2,"trial":{"steps":600,"orders":1},"slack":1.007,"contest":{"steps":600,"orders":3},"meta":{"steps":600,"orders":1},"meta_proxy":{"kind":"transformer","batch":32,"context":32,"width":32,"heads":2,"layers":2,"file":""},"final":{"steps":600,"orders":8},"finalists":16,"ablated":2,"warm_start":{"form":"adamw","program":"","rate":0.01,"decay":0.1,"beta1":0.9,"beta2":0.99},"mutations":{"insert":2.0,"delete":1.0,"modify":1.0,"rewire":1.0,"swap":0.25,"new_constant":0.5,"scale_constant":1.5,"duplicate":1.0,"spread":2.0,"normal":0.5,"step":1.0,"jump":0.2,"complement":0.5,"flip":0.1,"same":0.1,"unit":0.0}},"strategy":{"name":"niched","population":100,"tournament":8,"islands":1,"migrate_every":0,"batch":128,"restart_after":0},"run":{"budget":6000,"seed":0,"chunk":4,"meta_every":10,"meta_patience":0}},"config_hash":"885d6fa94080106a","seed":0,"reproduce":"discover run optimizers/lion --seed 0 --budget 6000","id":"85dff67c","parents":[],"signature":{"inputs":["w","g","lr"],"outputs":["update"],"state":["m","v"]},"primitives":["add","sub","mul","div","max","neg","abs","sign","square","sqrt","reciprocal","interp","tanh","exp","log","clip"],"primitives_hash":"06ee852fd34aec1e","program":["update = sign(interp(g, m, 0.6295420535693635)) * 0.00802716233301956","m = interp(g, m, 0.9)"],"objectives":{"buffers":1.0,"statements":4.0,"loss":2.260889825523007},"descriptors":{"buffers":1,"degree":0,"statements":4},"scores":{"best with two buffers":{"value":2.2549644781597964,"how":"of the same run, on the same data orders"}},"status":"rediscovered","generator":"discover-programs 0.1.0","digest":"c840c1e36a1f3beb"}
