# SPDX-License-Identifier: MIT-0
#
# e_squared: e^2 = 1 + 1/(0 + 1/(6 + 1/(2 + ...))), a(5 n) = 1, a(5 n + 1) = 3 n, a(5 n + 2) = 12 n + 6, a(5 n + 3) = 3 n + 2, a(5 n + 4) = 1, b(n) = 1
#
# Value: 7.3890560989306502272304274605750078131803155705518...
# Status: PROVED: coboundary with 3 steps; Lommel: contiguous 0F1, ratio of Bessel functions (0F1)
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    3.69502       decimal digits a term: factorial convergence
#     delta   1.00293       irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 1.0
#     a1 = 3.0 * n
#     a2 = 12.0 * n + 6.0
#     a3 = a1 + 2.0
#     a0 = k0
#     b0 = k0
#     b1 = k0
#     b2 = k0
#     b3 = k0
#     a4 = k0
#     b4 = k0
# Found by discover-programs 0.1.0, search constants/esma, seed 0, config 3d5ddd83356100d5, primitive set fed40efca700882b
# Find it again: discover run constants/esma --seed 0 --budget 1000000000

from sympy import exp, Integer, Rational, Symbol

n = Symbol("n", integer=True)
# a and b of pair i: of the terms j = 5 n + i
terms = [
    (Integer(1), Integer(1)),
    (3*n, Integer(1)),
    (12*n + 6, Integer(1)),
    (3*n + 2, Integer(1)),
    (Integer(1), Integer(1)),
]
closed_form = exp(Integer(2))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (2, 7, 1),
    (5, 37, 5),
    (12, 5329837, 721315),
)
DIGITS = "7.3890560989306502272304274605750078131803155705518"


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
            raise SystemExit("e_squared: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**49):
        raise SystemExit("e_squared: selftest FAILED: closed form")
    print("e_squared: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"e_squared","search":"constants/esma","config":{"search":"constants","problem":{"method":"esma","hours":1.0,"identify":{"constants":[],"user":{},"decoys":8,"coefficients":8,"digits":50},"esma":{"library":true,"families":["exp","tan","tanh","bessel_i","bessel_j"],"numerators":2,"denominators":6,"orders":3,"degree":2,"coefficients":4,"period":3,"depth":100,"verify":1000,"bits":16384,"finds":500}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":131072,"restart_after":0},"run":{"budget":1000000000,"seed":0,"chunk":8192}},"config_hash":"3d5ddd83356100d5","seed":0,"reproduce":"discover run constants/esma --seed 0 --budget 1000000000","id":"5376d897","parents":[],"signature":{"inputs":["n"],"outputs":["a0","b0","a1","b1","a2","b2","a3","b3","a4","b4"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 1.0","a1 = 3.0 * n","a2 = 12.0 * n + 6.0","a3 = a1 + 2.0","a0 = k0","b0 = k0","b1 = k0","b2 = k0","b3 = k0","a4 = k0","b4 = k0"],"objectives":{"digits":100.0,"rate":3.69501749525715,"delta":1.0029322006046466,"size":2.0},"descriptors":{"degree_a":1,"degree_b":0,"members":64},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"680a96bbabbfce97"}
