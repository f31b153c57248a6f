# SPDX-License-Identifier: MIT-0
#
# pi: 4/pi = 1 + 1^2/(3 + 2^2/(5 + 3^2/(7 + ...))), a(n) = 2 n + 1, b(n) = n^2
#
# Value: 1.2732395447351626861510701069801148962756771659236...
# Status: PROVED: Gauss-Noerlund: contiguous 2F1; incomplete beta integral, elementary by Chebyshev's criterion
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.765551      decimal digits a term: exponential convergence
#     delta   -0.187812     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     a = 2.0 * n + 1.0
#     b = square(n)
# Found by discover-programs 0.1.0, search constants/box2, seed 0, config 14b718b78dfa5a26, primitive set fed40efca700882b
# Find it again: discover run constants/box2 --seed 0 --budget 1768900

from sympy import Integer, Mul, pi, Pow, Rational, Symbol

n = Symbol("n", integer=True)
# a and b
terms = [
    (2*n + 1, n**2),
]
closed_form = Mul(Integer(4), Pow(pi, Integer(-1)))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 4, 3),
    (2, 24, 19),
    (5, 205, 161),
    (12, 9738413685, 7648532224),
)
DIGITS = "1.2732395447351626861510701069801148962756771659236"


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
            raise SystemExit("pi: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**49):
        raise SystemExit("pi: selftest FAILED: closed form")
    print("pi: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"pi","search":"constants/box2","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-5,5],[-5,5],[-5,5]],"symmetric":false,"odd":false,"half":false,"b":[[-5,5],[-5,5],[-5,5]],"factors":0,"slopes":1,"offsets":1,"content":[-1,1],"depth":1000,"sieve":false,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":221200,"restart_after":0},"run":{"budget":1768900,"seed":0,"chunk":27650}},"config_hash":"14b718b78dfa5a26","seed":0,"reproduce":"discover run constants/box2 --seed 0 --budget 1768900","id":"435e441d","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = 2.0 * n + 1.0","b = square(n)"],"objectives":{"digits":100.0,"rate":0.765551370675726,"delta":-0.18781246997396617,"size":2.0},"descriptors":{"degree_a":1,"degree_b":2,"members":8},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"2705dd952cd11fb5"}
