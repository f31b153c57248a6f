# SPDX-License-Identifier: MIT-0
#
# erfc_2: 2/(e^4*erfc(2)*sqrt(pi)) = 4 + 2/(4 + 4/(4 + 6/(4 + ...))), a(n) = 4, b(n) = 2 n
#
# Value: 4.4181608059944141979728897479328219041559935427138...
# Status: PROVED: Laplace-Whittaker: contiguous parabolic cylinder functions (1F1); D_0 and D_-1 by the complementary error function
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0             decimal digits a term: subexponential convergence
#     delta   -0.921912     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 4.0
#     b = 2.0 * n
#     a = k0
# Found by discover-programs 0.1.0, search constants/box2, seed 0, config 14b718b78dfa5a26, primitive set fed40efca700882b
# Find it again: discover run constants/box2 --seed 0 --budget 1768900

from sympy import erfc, exp, Integer, Mul, pi, Pow, Rational, Symbol

n = Symbol("n", integer=True)
# a and b
terms = [
    (Integer(4), 2*n),
]
closed_form = Mul(Integer(2), Pow(pi, Rational(-1, 2)), exp(Integer(-4)), Pow(erfc(Integer(2)), Integer(-1)))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 9, 2),
    (2, 22, 5),
    (5, 1847, 418),
    (12, 35728783, 8086802),
)
DIGITS = "4.4181608059944141979728897479328219041559935427138"


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
            raise SystemExit("erfc_2: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**49):
        raise SystemExit("erfc_2: selftest FAILED: closed form")
    print("erfc_2: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"erfc_2","search":"constants/box2","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-5,5],[-5,5],[-5,5]],"symmetric":false,"odd":false,"half":false,"b":[[-5,5],[-5,5],[-5,5]],"factors":0,"slopes":1,"offsets":1,"content":[-1,1],"depth":1000,"sieve":false,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":221200,"restart_after":0},"run":{"budget":1768900,"seed":0,"chunk":27650}},"config_hash":"14b718b78dfa5a26","seed":0,"reproduce":"discover run constants/box2 --seed 0 --budget 1768900","id":"33097d25","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 4.0","b = 2.0 * n","a = k0"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9219124947445954,"size":2.0},"descriptors":{"degree_a":0,"degree_b":1,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"aea15eab4acc91ed"}
