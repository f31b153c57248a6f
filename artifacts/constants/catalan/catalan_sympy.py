# SPDX-License-Identifier: MIT-0
#
# catalan: 1/(2*catalan) = 1 - 2/(7 - 32/(19 - 162/(37 - ...))), a(n) = 3 n^2 + 3 n + 1, b(n) = -2 n^4
#
# Value: 0.54587203185195305072707973666694616249302506070412...
# Status: PROVED: Catalan's constant as a double integral
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.30103       decimal digits a term: exponential convergence
#     delta   -0.826625     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 3.0
#     a = (k0 * n + k0) * n + 1.0
#     b = -2.0 * square(square(n))
# Found by discover-programs 0.1.0, search constants/box24, seed 0, config 49f01c908c38db10, primitive set fed40efca700882b
# Find it again: discover run constants/box24 --seed 0 --budget 22034918400

from sympy import Catalan, Integer, Mul, Pow, Rational, Symbol

n = Symbol("n", integer=True)
# a and b
terms = [
    (3*n**2 + 3*n + 1, -2*n**4),
]
closed_form = Mul(Rational(1, 2), Pow(Catalan, Integer(-1)))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 5, 7),
    (2, 63, 101),
    (5, 400725, 721079),
    (12, 857075400123067125, 1569863929417648279),
)
DIGITS = "0.54587203185195305072707973666694616249302506070412"


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
            raise SystemExit("catalan: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**50):
        raise SystemExit("catalan: selftest FAILED: closed form")
    print("catalan: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"catalan","search":"constants/box24","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-80,80],[-80,80],[-80,80]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":3,"content":[-16,16],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":268435456,"restart_after":0},"run":{"budget":22034918400,"seed":0,"chunk":33554432}},"config_hash":"49f01c908c38db10","seed":0,"reproduce":"discover run constants/box24 --seed 0 --budget 22034918400","id":"39e44fc8","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 3.0","a = (k0 * n + k0) * n + 1.0","b = -2.0 * square(square(n))"],"objectives":{"digits":100.0,"rate":0.30102999566398114,"delta":-0.8266251444682622,"size":2.0},"descriptors":{"degree_a":2,"degree_b":4,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"6c12d7b6d3b6c950"}
