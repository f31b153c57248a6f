# SPDX-License-Identifier: MIT-0
#
# gauss: gauss/(1 - gauss) = 3 + 36/(7 + 400/(11 + 1764/(15 + ...))), a(n) = 4 n + 3, b(n) = 4 n^2 (2 n + 1)^2
#
# Value: 5.0469305304621636325583327321835447761884389893920...
# Status: CONJECTURED: 100 digits agree
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0             decimal digits a term: polynomial convergence
#     delta   -0.996781     irrationality measure of convergent 600, exact
#     size    3             decimal digits of the integers in the formula
# Program:
#     k0 = 4.0
#     a = k0 * n + 3.0
#     b = k0 * (square(n) * square(2.0 * n + 1.0))
# Found by discover-programs 0.1.0, search constants/box14, seed 0, config 47cdf2ed38f1c3d2, primitive set fed40efca700882b
# Find it again: discover run constants/box14 --seed 0 --budget 718592000

from sympy import Add, gamma, Integer, Mul, pi, Pow, Rational, Symbol

n = Symbol("n", integer=True)
# a and b
terms = [
    (4*n + 3, 16*n**4 + 16*n**3 + 4*n**2),
]
closed_form = Mul(Rational(1, 4), Pow(Integer(2), Rational(1, 2)), Pow(pi, Rational(-3, 2)), Pow(Add(Mul(Integer(-1), Rational(1, 4), Pow(Integer(2), Rational(1, 2)), Pow(pi, Rational(-3, 2)), Pow(gamma(Rational(1, 4)), Integer(2))), Integer(1)), Integer(-1)), Pow(gamma(Rational(1, 4)), Integer(2)))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 57, 7),
    (2, 203, 53),
    (5, 899745, 148831),
    (12, 57918334670091, 12450409507573),
)
DIGITS = "5.0469305304621636325583327321835447761884389893920"


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
            raise SystemExit("gauss: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**49):
        raise SystemExit("gauss: selftest FAILED: closed form")
    print("gauss: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"gauss","search":"constants/box14","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-400,400],[-400,400]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":1,"content":[-32,32],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":67108864,"restart_after":0},"run":{"budget":718592000,"seed":0,"chunk":8388608}},"config_hash":"47cdf2ed38f1c3d2","seed":0,"reproduce":"discover run constants/box14 --seed 0 --budget 718592000","id":"27737d75","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 4.0","a = k0 * n + 3.0","b = k0 * (square(n) * square(2.0 * n + 1.0))"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9967811091154595,"size":3.0},"descriptors":{"degree_a":1,"degree_b":4,"members":2},"scores":{},"status":"measured","generator":"discover-programs 0.1.0","digest":"df592e7b06d04384"}
