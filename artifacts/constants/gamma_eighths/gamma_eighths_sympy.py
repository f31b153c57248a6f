# SPDX-License-Identifier: MIT-0
#
# gamma_eighths: 4*gamma(7/8)^2/gamma(3/8)^2 + 1/2 = 1 + 2/(2 + 54/(3 + 300/(4 + ...))), a(n) = n + 1, b(n) = n (n + 1) (2 n - 1)^2
#
# Value: 1.3452387146552226782264569736892335715684923500083...
# Status: PROVED: Gauss-Noerlund: contiguous 2F1; Gauss's second theorem at z = 1/2
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0             decimal digits a term: polynomial convergence
#     delta   -0.995705     irrationality measure of convergent 600, exact
#     size    3             decimal digits of the integers in the formula
# Program:
#     k0 = 1.0
#     a = n + k0
#     b = n * a * square(2.0 * n - k0)
# Found by discover-programs 0.1.0, search constants/box14, seed 0, config 47cdf2ed38f1c3d2, primitive set fed40efca700882b
# Find it again: discover run constants/box14 --seed 0 --budget 718592000

from sympy import Add, gamma, Integer, Mul, Pow, Rational, Symbol

n = Symbol("n", integer=True)
# a and b
terms = [
    (n + 1, 4*n**4 - 3*n**2 + n),
]
closed_form = Add(Rational(1, 2), Mul(Integer(4), Pow(gamma(Rational(3, 8)), Integer(-2)), Pow(gamma(Rational(7, 8)), Integer(2))))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 2, 1),
    (2, 11, 10),
    (5, 1847, 1120),
    (12, 12570757, 10400117),
)
DIGITS = "1.3452387146552226782264569736892335715684923500083"


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
            raise SystemExit("gamma_eighths: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**49):
        raise SystemExit("gamma_eighths: selftest FAILED: closed form")
    print("gamma_eighths: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"gamma_eighths","search":"constants/box14","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-400,400],[-400,400]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":1,"content":[-32,32],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":67108864,"restart_after":0},"run":{"budget":718592000,"seed":0,"chunk":8388608}},"config_hash":"47cdf2ed38f1c3d2","seed":0,"reproduce":"discover run constants/box14 --seed 0 --budget 718592000","id":"c119e73f","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 1.0","a = n + k0","b = n * a * square(2.0 * n - k0)"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9957047199470185,"size":3.0},"descriptors":{"degree_a":1,"degree_b":4,"members":12},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"0dbc41b119838eb5"}
