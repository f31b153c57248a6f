# SPDX-License-Identifier: MIT-0
#
# pi_squared_log_2: 12/(pi^2 - 6*log(2)^2) = 2 - 2/(9 - 32/(22 - 162/(41 - ...))), a(n) = 3 n^2 + 4 n + 2, b(n) = -2 n^4
#
# Value: 1.7175032560363884856317051523602961234897598316390...
# Status: PROVED: Euler's series; Euler's dilogarithm at 1/2
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.30103       decimal digits a term: exponential convergence
#     delta   -0.733401     irrationality measure of convergent 600, exact
#     size    4             decimal digits of the integers in the formula
# Program:
#     a = (3.0 * n + 4.0) * n + 2.0
#     b = -2.0 * square(square(n))
# Found by discover-programs 0.1.0, search constants/evolve, seed 0, config 27577073338c1eb3, primitive set fed40efca700882b
# Find it again: discover run constants/evolve --seed 0 --budget 3000000

from sympy import Add, Integer, log, Mul, pi, Pow, Rational, Symbol

n = Symbol("n", integer=True)
# a and b
terms = [
    (3*n**2 + 4*n + 2, -2*n**4),
]
closed_form = Mul(Integer(12), Pow(Add(Mul(Integer(-1), Integer(6), Pow(log(Integer(2)), Integer(2))), Pow(pi, Integer(2))), Integer(-1)))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 16, 9),
    (2, 144, 83),
    (5, 9600, 5587),
    (12, 132975953510400, 77423915447309),
)
DIGITS = "1.7175032560363884856317051523602961234897598316390"


def convergent(k):
    """The k-th convergent, exactly."""

    def term(j):
        return [p.subs(n, j // len(terms)) for p in terms[j % len(terms)]]

    value = term(k)[0]
    for j in reversed(range(k)):
        value = term(j)[0] + term(j + 1)[1] / value
    return value


def selftest():
    """Convergents, and the closed form to 50 digits."""
    for k, p, q in GOLDEN:
        if convergent(k) != Rational(p, q):
            raise SystemExit("pi_squared_log_2: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**49):
        raise SystemExit("pi_squared_log_2: selftest FAILED: closed form")
    print("pi_squared_log_2: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"pi_squared_log_2","search":"constants/evolve","config":{"search":"constants","problem":{"method":"evolution","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"evolution":{"degree":8,"least":3,"instructions":20,"constants":8,"coefficients":2000,"plain":0.005,"full":0.95,"finalists":600}},"strategy":{"name":"map_elites","population":200,"tournament":4,"islands":1,"migrate_every":0,"batch":4096,"restart_after":0,"parents":"tournament"},"run":{"budget":3000000,"seed":0,"chunk":256}},"config_hash":"27577073338c1eb3","seed":0,"reproduce":"discover run constants/evolve --seed 0 --budget 3000000","id":"873e6fd1","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = (3.0 * n + 4.0) * n + 2.0","b = -2.0 * square(square(n))"],"objectives":{"digits":100.0,"rate":0.30102999566398114,"delta":-0.7334005379299889,"size":4.0},"descriptors":{"degree_a":2,"degree_b":4,"members":5},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"d8eae169abb2d2ec"}
