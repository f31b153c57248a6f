# SPDX-License-Identifier: MIT-0
#
# exp2_6: exp2(x) on (0, 1]: 6 operations, max relative error 2.733e-07
#
# Program:
#     t = 34.82443701469124 / (x + 100.48096727114395 / x + -17.407327640126166) + 0.9999998633561885
#     y = t * t
# Scores:
#     operations      6             operations on values that depend on x
#     error           2.73288e-07   largest relative error, exact arithmetic, located extrema
#     seeds           5             of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md
#     absolute error  5.46575e-07   largest at 300 points, exact arithmetic
#     in float64      2.73288e-07   largest relative error at 1000 points, every operation rounded
#     in float32      4.46392e-07   largest relative error at 1000 points, every operation rounded
# Status: rediscovered
# Found by discover-programs 0.1.0, search functions/exp2, seed 0, config 5e90d47719e598aa, primitive set 7541a234c0a4f480
# Find it again: discover run functions/exp2 --seed 0 --budget 300000

from sympy import Add, Float, Integer, Mul, Pow, Symbol

x = Symbol('x', real=True)
exp2_6 = Pow(Add(Float('0.99999986335618851196', precision=60), Mul(Float('34.824437014691241643', precision=60), Pow(Add(Symbol('x', real=True), Float('-17.407327640126165846', precision=60), Mul(Float('100.48096727114395321', precision=60), Pow(Symbol('x', real=True), Integer(-1)))), Integer(-1)))), Integer(2))

# x and exp2_6(x), as hexadecimal floats
GOLDEN = (
    ("0x1p-3", "0x1.172b88664936cp+0"),
    ("0x1p-2", "0x1.306fe42bf713bp+0"),
    ("0x1.8p-2", "0x1.4bfdab38c3fc5p+0"),
    ("0x1p-1", "0x1.6a09e00d35cb4p+0"),
    ("0x1.4p-1", "0x1.8ace4f50cb841p+0"),
    ("0x1.8p-1", "0x1.ae89fc47d17c6p+0"),
    ("0x1.cp-1", "0x1.d58196275b6fap+0"),
    ("0x1p+0", "0x1.fffff6d47a33dp+0"),
)


def selftest():
    """Compare with the golden vectors."""
    for pair in GOLDEN:
        point, expected = map(float.fromhex, pair)
        if not abs(exp2_6.evalf(30, subs={x: point}) - expected) <= 1e-12 * abs(expected):
            raise SystemExit("exp2_6: selftest FAILED: golden vectors")
    print("exp2_6: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"exp2_6","search":"functions/exp2","config":{"search":"functions","problem":{"function":"exp2","domain":[0.0,1.0],"primitives":["add","sub","mul","div"],"max_operations":10,"max_constants":6,"points":24,"dense":128,"magnitudes":[-2.0,3.0],"hurdle":{"starts":8,"short":4,"steps":8,"long":1,"more":40,"lawson":0},"proxy":{"starts":48,"short":24,"steps":10,"long":6,"more":400,"lawson":4},"slack":100.0,"digits":50,"finalists":4},"strategy":{"name":"map_elites","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1024,"restart_after":0},"run":{"budget":300000,"seed":0,"chunk":16}},"config_hash":"5e90d47719e598aa","seed":0,"reproduce":"discover run functions/exp2 --seed 0 --budget 300000","id":"af1e0567","parents":[],"signature":{"inputs":["x"],"outputs":["y"],"state":[]},"primitives":["add","sub","mul","div"],"primitives_hash":"7541a234c0a4f480","program":["t = 34.82443701469124 / (x + 100.48096727114395 / x + -17.407327640126166) + 0.9999998633561885","y = t * t"],"objectives":{"operations":6.0,"error":2.732876044546575e-07},"descriptors":{"operations":6,"constants":4,"divisions":2},"scores":{"seeds":{"value":5.0,"how":"of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md"}},"status":"rediscovered","generator":"discover-programs 0.1.0","digest":"37bdda703f6d788c"}
