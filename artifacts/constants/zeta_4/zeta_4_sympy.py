# SPDX-License-Identifier: MIT-0
#
# zeta_4: 1/(8 - 4*zeta(2) - zeta(4)) = 3 - 1^8/(27 - 2^8/(123 - 3^8/(387 - ...))), a(n) = 2 n^4 + 4 n^3 + 10 n^2 + 8 n + 3, b(n) = -n^8
#
# Value: 2.9591007981197201765883041594351580419083869514124...
# Status: PROVED: Euler's series; series of the polygamma function
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0             decimal digits a term: polynomial convergence
#     delta   -0.986265     irrationality measure of convergent 600, exact
#     size    4             decimal digits of the integers in the formula
# Program:
#     a = (((2.0 * n + 4.0) * n + 10.0) * n + 8.0) * n + 3.0
#     b = -square(square(square(n)))
# Found by discover-programs 0.1.0, search constants/box48, seed 0, config efcb8a05bff2d419, primitive set fed40efca700882b
# Find it again: discover run constants/box48 --seed 0 --budget 62363649600

from sympy import Add, Integer, Mul, pi, Pow, Rational, Symbol

n = Symbol("n", integer=True)
# a and b
terms = [
    (2*n**4 + 4*n**3 + 10*n**2 + 8*n + 3, -n**8),
]
closed_form = Pow(Add(Mul(Integer(-1), Rational(2, 3), Pow(pi, Integer(2))), Mul(Integer(-1), Rational(1, 90), Pow(pi, Integer(4))), Integer(8)), Integer(-1))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 80, 27),
    (2, 9072, 3065),
    (5, 168480000, 56935507),
    (12, 16863445484161436160000, 5698839310596080105903),
)
DIGITS = "2.9591007981197201765883041594351580419083869514124"


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
            raise SystemExit("zeta_4: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**49):
        raise SystemExit("zeta_4: selftest FAILED: closed form")
    print("zeta_4: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"zeta_4","search":"constants/box48","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-600,600],[-600,600],[-600,600]],"symmetric":true,"odd":false,"half":true,"b":[],"factors":8,"slopes":1,"offsets":1,"content":[-4,4],"depth":64,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1073741824,"restart_after":0},"run":{"budget":62363649600,"seed":0,"chunk":134217728}},"config_hash":"efcb8a05bff2d419","seed":0,"reproduce":"discover run constants/box48 --seed 0 --budget 62363649600","id":"c5482966","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = (((2.0 * n + 4.0) * n + 10.0) * n + 8.0) * n + 3.0","b = -square(square(square(n)))"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9862646851510085,"size":4.0},"descriptors":{"degree_a":4,"degree_b":8,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"6cbde3868b296179"}
