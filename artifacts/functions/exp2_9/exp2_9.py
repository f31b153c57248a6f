# SPDX-License-Identifier: MIT-0
#
# exp2_9: exp2(x) on (0, 1]: 9 operations, max relative error 1.403e-13
#
# Program:
#     t0 = x + 1445.9777897881404 / x
#     t1 = 250.56885703797295 / (t0 + 3786.084719555263 / t0 + -125.28442844996282) + 0.9999999999999649
#     t2 = t1 * t1
#     y = t2 * t2
# Scores:
#     operations      9             operations on values that depend on x
#     error           1.40333e-13   largest relative error, exact arithmetic, located extrema
#     seeds           5             of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md
#     absolute error  2.79153e-13   largest at 300 points, exact arithmetic
#     in float64      1.40858e-13   largest relative error at 1000 points, every operation rounded
#     in float32      3.70637e-07   largest relative error at 1000 points, every operation rounded
# Status: rediscovered
# Found by discover-programs 0.1.0, search functions/exp2, seed 0, config 5e90d47719e598aa, primitive set 7541a234c0a4f480
# Find it again: discover run functions/exp2 --seed 0 --budget 300000

import numpy as np


def exp2_9(x):
    """exp2(x) on (0, 1]: 9 operations, max relative error 1.403e-13."""
    t0 = x + 1445.9777897881404 / x
    t1 = 250.56885703797295 / (t0 + 3786.084719555263 / t0 - 125.28442844996282) + 0.9999999999999649
    t2 = t1 * t1
    return t2 * t2


# x and exp2_9(x), as hexadecimal floats
GOLDEN = (
    ("0x1p-3", "0x1.172b83c7d5425p+0"),
    ("0x1p-2", "0x1.306fe0a31b6e1p+0"),
    ("0x1.8p-2", "0x1.4bfdad5362702p+0"),
    ("0x1p-1", "0x1.6a09e667f3a1ep+0"),
    ("0x1.4p-1", "0x1.8ace5422aa392p+0"),
    ("0x1.8p-1", "0x1.ae89f995ad702p+0"),
    ("0x1.cp-1", "0x1.d5818dcfba14cp+0"),
    ("0x1p+0", "0x1.0000000000275p+1"),
)


def selftest():
    """Compare with the golden vectors and with the function itself."""
    x, expected = np.array([[float.fromhex(v) for v in pair] for pair in GOLDEN]).T
    result = exp2_9(x)
    if not np.array_equal(result, expected):
        raise SystemExit("exp2_9: selftest FAILED: golden vectors")
    x = 0.0 + (1.0 - 0.0) * (np.arange(1000) + 0.5) / 1000
    error = np.max(np.abs(exp2_9(x) / np.exp2(x) - 1.0))
    if not error <= 1.5454363042257293e-13:  # the claimed error and the rounding of float64
        raise SystemExit(f"exp2_9: selftest FAILED: relative error {error:.4g}")
    print("exp2_9: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"exp2_9","search":"functions/exp2","config":{"search":"functions","problem":{"function":"exp2","domain":[0.0,1.0],"primitives":["add","sub","mul","div"],"max_operations":10,"max_constants":6,"points":24,"dense":128,"magnitudes":[-2.0,3.0],"hurdle":{"starts":8,"short":4,"steps":8,"long":1,"more":40,"lawson":0},"proxy":{"starts":48,"short":24,"steps":10,"long":6,"more":400,"lawson":4},"slack":100.0,"digits":50,"finalists":4},"strategy":{"name":"map_elites","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1024,"restart_after":0},"run":{"budget":300000,"seed":0,"chunk":16}},"config_hash":"5e90d47719e598aa","seed":0,"reproduce":"discover run functions/exp2 --seed 0 --budget 300000","id":"cf2a4fbc","parents":[],"signature":{"inputs":["x"],"outputs":["y"],"state":[]},"primitives":["add","sub","mul","div"],"primitives_hash":"7541a234c0a4f480","program":["t0 = x + 1445.9777897881404 / x","t1 = 250.56885703797295 / (t0 + 3786.084719555263 / t0 + -125.28442844996282) + 0.9999999999999649","t2 = t1 * t1","y = t2 * t2"],"objectives":{"operations":9.0,"error":1.4033277570737092e-13},"descriptors":{"operations":9,"constants":5,"divisions":3},"scores":{"seeds":{"value":5.0,"how":"of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md"}},"status":"rediscovered","generator":"discover-programs 0.1.0","digest":"e70203e85ef7c116"}
