# SPDX-License-Identifier: MIT-0
#
# exp2_5: exp2(x) on (0, 1]: 5 operations, max relative error 4.341e-06
#
# Program:
#     y = 17.71494816512681 / (x + 25.55281488260646 / x + -8.83778982084581) + 0.9999956592421649
# Scores:
#     operations      5             operations on values that depend on x
#     error           4.34076e-06   largest relative error, exact arithmetic, located extrema
#     seeds           5             of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md
#     absolute error  8.68152e-06   largest at 300 points, exact arithmetic
#     in float64      4.34076e-06   largest relative error at 1000 points, every operation rounded
#     in float32      4.42204e-06   largest relative error at 1000 points, every operation rounded
# Status: rediscovered
# Found by discover-programs 0.1.0, search functions/exp2, seed 0, config 5e90d47719e598aa, primitive set 7541a234c0a4f480
# Find it again: discover run functions/exp2 --seed 0 --budget 300000

from sympy import Add, Float, Integer, Mul, Pow, Symbol

x = Symbol('x', real=True)
exp2_5 = Add(Float('0.99999565924216493595', precision=60), Mul(Float('17.714948165126809698', precision=60), Pow(Add(Symbol('x', real=True), Float('-8.8377898208458099', precision=53), Mul(Float('25.552814882606458724', precision=60), Pow(Symbol('x', real=True), Integer(-1)))), Integer(-1))))

# x and exp2_5(x), as hexadecimal floats
GOLDEN = (
    ("0x1p-3", "0x1.172bcd0e8c2b8p+0"),
    ("0x1p-2", "0x1.3070191d689f4p+0"),
    ("0x1.8p-2", "0x1.4bfd8c89d2ad6p+0"),
    ("0x1p-1", "0x1.6a0981a8f4ac2p+0"),
    ("0x1.4p-1", "0x1.8ace06c46c7d7p+0"),
    ("0x1.8p-1", "0x1.ae8a233de1a45p+0"),
    ("0x1.cp-1", "0x1.d5821274cfd6ap+0"),
    ("0x1p+0", "0x1.ffff6e592c92ep+0"),
)


def selftest():
    """Compare with the golden vectors."""
    for pair in GOLDEN:
        point, expected = map(float.fromhex, pair)
        if not abs(exp2_5.evalf(30, subs={x: point}) - expected) <= 1e-12 * abs(expected):
            raise SystemExit("exp2_5: selftest FAILED: golden vectors")
    print("exp2_5: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"exp2_5","search":"functions/exp2","config":{"search":"functions","problem":{"function":"exp2","domain":[0.0,1.0],"primitives":["add","sub","mul","div"],"max_operations":10,"max_constants":6,"points":24,"dense":128,"magnitudes":[-2.0,3.0],"hurdle":{"starts":8,"short":4,"steps":8,"long":1,"more":40,"lawson":0},"proxy":{"starts":48,"short":24,"steps":10,"long":6,"more":400,"lawson":4},"slack":100.0,"digits":50,"finalists":4},"strategy":{"name":"map_elites","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1024,"restart_after":0},"run":{"budget":300000,"seed":0,"chunk":16}},"config_hash":"5e90d47719e598aa","seed":0,"reproduce":"discover run functions/exp2 --seed 0 --budget 300000","id":"c55cd689","parents":[],"signature":{"inputs":["x"],"outputs":["y"],"state":[]},"primitives":["add","sub","mul","div"],"primitives_hash":"7541a234c0a4f480","program":["y = 17.71494816512681 / (x + 25.55281488260646 / x + -8.83778982084581) + 0.9999956592421649"],"objectives":{"operations":5.0,"error":4.340757836325618e-06},"descriptors":{"operations":5,"constants":4,"divisions":2},"scores":{"seeds":{"value":5.0,"how":"of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md"}},"status":"rediscovered","generator":"discover-programs 0.1.0","digest":"c96621d60ec5b0f0"}
