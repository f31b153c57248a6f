# SPDX-License-Identifier: MIT-0
#
# gamma_third: 3*gamma(1/3)^3/(4*pi^2) = 1 + 6/(14 - 32/(37 - 270/(70 - ...))), a(n) = 5 n^2 + 8 n + 1, b(n) = -2 n^2 (n + 2) (2 n - 3)
#
# Value: 1.4609984862063183581588731178460596970389313558074...
# Status: PROVED: coboundary; Gauss-Noerlund: contiguous 2F1; incomplete beta integral, 3-division of y^2 = x^3 - 1
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.60206       decimal digits a term: exponential convergence
#     delta   -0.375908     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     a = (5.0 * n + 8.0) * n + 1.0
#     k3 = 2.0
#     b = -2.0 * (square(n) * (n + k3) * (k3 * n - 3.0))
# Found by discover-programs 0.1.0, search constants/box24, seed 0, config 49f01c908c38db10, primitive set fed40efca700882b
# Find it again: discover run constants/box24 --seed 0 --budget 22034918400

from sympy import gamma, Integer, Mul, pi, Pow, Rational, Symbol

n = Symbol("n", integer=True)
# a and b
terms = [
    (5*n**2 + 8*n + 1, -4*n**4 - 2*n**3 + 12*n**2),
]
closed_form = Mul(Rational(3, 4), Pow(pi, Integer(-2)), Pow(gamma(Rational(1, 3)), Integer(3)))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 10, 7),
    (2, 118, 81),
    (5, 105440, 72171),
    (12, 230806455440, 157978572669),
)
DIGITS = "1.4609984862063183581588731178460596970389313558074"


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
            raise SystemExit("gamma_third: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**49):
        raise SystemExit("gamma_third: selftest FAILED: closed form")
    print("gamma_third: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"gamma_third","search":"constants/box24","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-80,80],[-80,80],[-80,80]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":3,"content":[-16,16],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":268435456,"restart_after":0},"run":{"budget":22034918400,"seed":0,"chunk":33554432}},"config_hash":"49f01c908c38db10","seed":0,"reproduce":"discover run constants/box24 --seed 0 --budget 22034918400","id":"54820961","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = (5.0 * n + 8.0) * n + 1.0","k3 = 2.0","b = -2.0 * (square(n) * (n + k3) * (k3 * n - 3.0))"],"objectives":{"digits":100.0,"rate":0.6020599913279624,"delta":-0.37590828790999564,"size":2.0},"descriptors":{"degree_a":2,"degree_b":4,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"a942e6f8fb3e1ed8"}
