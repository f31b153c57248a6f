# SPDX-License-Identifier: MIT-0
#
# zeta_2: 5/zeta(2) = 3 + 1^4/(25 + 2^4/(69 + 3^4/(135 + ...))), a(n) = 11 n^2 + 11 n + 3, b(n) = n^4
#
# Value: 3.0396355092701331433163838962918291671307632401673...
# Status: PROVED: Apery 1979
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    2.08988       decimal digits a term: exponential convergence
#     delta   0.0975998     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 11.0
#     a = (k0 * n + k0) * n + 3.0
#     b = square(square(n))
# Found by discover-programs 0.1.0, search constants/evolve, seed 0, config 27577073338c1eb3, primitive set fed40efca700882b
# Find it again: discover run constants/evolve --seed 0 --budget 3000000

from sympy import Integer, Mul, pi, Pow, Rational, Symbol

n = Symbol("n", integer=True)
# a and b
terms = [
    (11*n**2 + 11*n + 3, n**4),
]
closed_form = Mul(Integer(30), Pow(pi, Integer(-2)))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 76, 25),
    (2, 5292, 1741),
    (5, 377852400, 124308457),
    (12, 591363776748636859968, 194550884454772375807),
)
DIGITS = "3.0396355092701331433163838962918291671307632401673"


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
            raise SystemExit("zeta_2: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**49):
        raise SystemExit("zeta_2: selftest FAILED: closed form")
    print("zeta_2: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"zeta_2","search":"constants/evolve","config":{"search":"constants","problem":{"method":"evolution","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"evolution":{"degree":8,"least":3,"instructions":20,"constants":8,"coefficients":2000,"plain":0.005,"full":0.95,"finalists":600}},"strategy":{"name":"map_elites","population":200,"tournament":4,"islands":1,"migrate_every":0,"batch":4096,"restart_after":0,"parents":"tournament"},"run":{"budget":3000000,"seed":0,"chunk":256}},"config_hash":"27577073338c1eb3","seed":0,"reproduce":"discover run constants/evolve --seed 0 --budget 3000000","id":"3b4d9683","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 11.0","a = (k0 * n + k0) * n + 3.0","b = square(square(n))"],"objectives":{"digits":100.0,"rate":2.08987640249979,"delta":0.09759977672226183,"size":2.0},"descriptors":{"degree_a":2,"degree_b":4,"members":5},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"3e2bf7d79d715825"}
