# SPDX-License-Identifier: MIT-0
#
# exp2_7: exp2(x) on (0, 1]: 7 operations, max relative error 5.636e-10
#
# Program:
#     t = x + 90.49393201711106 / x
#     y = 62.725615813077056 / (t + 237.37864088075716 / t + -31.362790453322212) + 0.9999999994363861
# Scores:
#     operations      7             operations on values that depend on x
#     error           5.63614e-10   largest relative error, exact arithmetic, located extrema
#     seeds           5             of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md
#     absolute error  1.12723e-09   largest at 300 points, exact arithmetic
#     in float64      5.63614e-10   largest relative error at 1000 points, every operation rounded
#     in float32      1.01568e-07   largest relative error at 1000 points, every operation rounded
# Status: rediscovered
# Found by discover-programs 0.1.0, search functions/exp2, seed 0, config 5e90d47719e598aa, primitive set 7541a234c0a4f480
# Find it again: discover run functions/exp2 --seed 0 --budget 300000

import numba
import numpy as np


@numba.vectorize(["float64(float64)"])
def exp2_7(x):
    """exp2(x) on (0, 1]: 7 operations, max relative error 5.636e-10."""
    t = x + 90.49393201711106 / x
    return 62.725615813077056 / (t + 237.37864088075716 / t - 31.362790453322212) + 0.9999999994363861


# x and exp2_7(x), as hexadecimal floats
GOLDEN = (
    ("0x1p-3", "0x1.172b83ca747bap+0"),
    ("0x1p-2", "0x1.306fe0a2e8fb9p+0"),
    ("0x1.8p-2", "0x1.4bfdad504d00fp+0"),
    ("0x1p-1", "0x1.6a09e6665216cp+0"),
    ("0x1.4p-1", "0x1.8ace542554692p+0"),
    ("0x1.8p-1", "0x1.ae89f998f1b88p+0"),
    ("0x1.cp-1", "0x1.d5818dcc8f1eap+0"),
    ("0x1p+0", "0x1.000000026bb33p+1"),
)


def selftest():
    """Compare with the golden vectors and with the function itself."""
    x, expected = np.array([[float.fromhex(v) for v in pair] for pair in GOLDEN]).T
    result = exp2_7(x)
    if not np.array_equal(result, expected):
        raise SystemExit("exp2_7: selftest FAILED: golden vectors")
    x = 0.0 + (1.0 - 0.0) * (np.arange(1000) + 0.5) / 1000
    error = np.max(np.abs(exp2_7(x) / np.exp2(x) - 1.0))
    if not error <= 5.636281441567803e-10:  # the claimed error and the rounding of float64
        raise SystemExit(f"exp2_7: selftest FAILED: relative error {error:.4g}")
    print("exp2_7: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"exp2_7","search":"functions/exp2","config":{"search":"functions","problem":{"function":"exp2","domain":[0.0,1.0],"primitives":["add","sub","mul","div"],"max_operations":10,"max_constants":6,"points":24,"dense":128,"magnitudes":[-2.0,3.0],"hurdle":{"starts":8,"short":4,"steps":8,"long":1,"more":40,"lawson":0},"proxy":{"starts":48,"short":24,"steps":10,"long":6,"more":400,"lawson":4},"slack":100.0,"digits":50,"finalists":4},"strategy":{"name":"map_elites","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1024,"restart_after":0},"run":{"budget":300000,"seed":0,"chunk":16}},"config_hash":"5e90d47719e598aa","seed":0,"reproduce":"discover run functions/exp2 --seed 0 --budget 300000","id":"7ad027e0","parents":[],"signature":{"inputs":["x"],"outputs":["y"],"state":[]},"primitives":["add","sub","mul","div"],"primitives_hash":"7541a234c0a4f480","program":["t = x + 90.49393201711106 / x","y = 62.725615813077056 / (t + 237.37864088075716 / t + -31.362790453322212) + 0.9999999994363861"],"objectives":{"operations":7.0,"error":5.636139333020651e-10},"descriptors":{"operations":7,"constants":5,"divisions":3},"scores":{"seeds":{"value":5.0,"how":"of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md"}},"status":"rediscovered","generator":"discover-programs 0.1.0","digest":"444272fda672fb9f"}
