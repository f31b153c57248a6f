# SPDX-License-Identifier: MIT-0
#
# log_2_squared: 2/log(2)^2 = 4 + 4/(23 + 96/(56 + 540/(103 + ...))), a(n) = 7 n^2 + 12 n + 4, b(n) = 4 n^3 (2 n - 1)
#
# Value: 4.1627379620112155957391632074699828501280943112921...
# Status: PROVED: Euler's series; central binomial sums: 2 arcsin(t)^2 (Euler)
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.90309       decimal digits a term: exponential convergence
#     delta   -0.429092     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 7.0
#     k1 = 12.0
#     k2 = 4.0
#     a = (k0 * n + k1) * n + k2
#     b = k2 * (square(n) * n * (2.0 * n - 1.0))
# Found by discover-programs 0.1.0, search constants/box24, seed 0, config 49f01c908c38db10, primitive set fed40efca700882b
# Find it again: discover run constants/box24 --seed 0 --budget 22034918400

from sympy import Integer, log, Mul, Pow, Rational, Symbol

n = Symbol("n", integer=True)
# a and b
terms = [
    (7*n**2 + 12*n + 4, 8*n**4 - 4*n**3),
]
closed_form = Mul(Integer(2), Pow(log(Integer(2)), Integer(-2)))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 96, 23),
    (2, 720, 173),
    (5, 53222400, 12785429),
    (12, 3951513434515046400, 949258269575536321),
)
DIGITS = "4.1627379620112155957391632074699828501280943112921"


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
            raise SystemExit("log_2_squared: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**49):
        raise SystemExit("log_2_squared: selftest FAILED: closed form")
    print("log_2_squared: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"log_2_squared","search":"constants/box24","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-80,80],[-80,80],[-80,80]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":3,"content":[-16,16],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":268435456,"restart_after":0},"run":{"budget":22034918400,"seed":0,"chunk":33554432}},"config_hash":"49f01c908c38db10","seed":0,"reproduce":"discover run constants/box24 --seed 0 --budget 22034918400","id":"7db5b868","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 7.0","k1 = 12.0","k2 = 4.0","a = (k0 * n + k1) * n + k2","b = k2 * (square(n) * n * (2.0 * n - 1.0))"],"objectives":{"digits":100.0,"rate":0.9030899869919434,"delta":-0.429092434481556,"size":2.0},"descriptors":{"degree_a":2,"degree_b":4,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"871379736fee0ccc"}
