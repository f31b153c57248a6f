# SPDX-License-Identifier: MIT-0
#
# lemniscate: 2/lemniscate = 1 - 1/(5 - 6/(9 - 15/(13 - ...))), a(n) = 4 n + 1, b(n) = -n (2 n - 1)
#
# Value: 0.76275976350181318806232598096361579329262923734807...
# Status: PROVED: Gauss-Noerlund: contiguous 2F1; incomplete beta integral, half arc of the lemniscate (Fagnano)
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.765551      decimal digits a term: exponential convergence
#     delta   -0.134117     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 4.0
#     k1 = 1.0
#     a = k0 * n + k1
#     b = -(n * (2.0 * n - k1))
# Found by discover-programs 0.1.0, search constants/box2, seed 0, config 14b718b78dfa5a26, primitive set fed40efca700882b
# Find it again: discover run constants/box2 --seed 0 --budget 1768900

from sympy import gamma, Integer, Mul, pi, Pow, Rational, Symbol

n = Symbol("n", integer=True)
# a and b
terms = [
    (4*n + 1, -2*n**2 + n),
]
closed_form = Mul(Integer(4), Pow(Integer(2), Rational(1, 2)), Pow(pi, Rational(1, 2)), Pow(gamma(Rational(1, 4)), Integer(-2)))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 4, 5),
    (2, 10, 13),
    (5, 2370, 3107),
    (12, 105792375, 138696848),
)
DIGITS = "0.76275976350181318806232598096361579329262923734807"


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
            raise SystemExit("lemniscate: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**50):
        raise SystemExit("lemniscate: selftest FAILED: closed form")
    print("lemniscate: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"lemniscate","search":"constants/box2","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-5,5],[-5,5],[-5,5]],"symmetric":false,"odd":false,"half":false,"b":[[-5,5],[-5,5],[-5,5]],"factors":0,"slopes":1,"offsets":1,"content":[-1,1],"depth":1000,"sieve":false,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":221200,"restart_after":0},"run":{"budget":1768900,"seed":0,"chunk":27650}},"config_hash":"14b718b78dfa5a26","seed":0,"reproduce":"discover run constants/box2 --seed 0 --budget 1768900","id":"63de4d73","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 4.0","k1 = 1.0","a = k0 * n + k1","b = -(n * (2.0 * n - k1))"],"objectives":{"digits":100.0,"rate":0.7655513706757262,"delta":-0.13411679225120576,"size":2.0},"descriptors":{"degree_a":1,"degree_b":2,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"7144354895209679"}
