# SPDX-License-Identifier: MIT-0
#
# trigamma_third: 6/(polygamma(1, 1/3) - 9) = 5 + 9/(15 + 144/(25 + 729/(35 + ...))), a(n) = 10 n + 5, b(n) = 9 n^4
#
# Value: 5.4764656284225225043041364686780484130023611563220...
# Status: PROVED: Stieltjes, Ramanujan: continued fraction of the trigamma function
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0             decimal digits a term: polynomial convergence
#     delta   -0.990606     irrationality measure of convergent 600, exact
#     size    3             decimal digits of the integers in the formula
# Program:
#     a = 10.0 * n + 5.0
#     b = 9.0 * square(square(n))
# Found by discover-programs 0.1.0, search constants/box14, seed 0, config 47cdf2ed38f1c3d2, primitive set fed40efca700882b
# Find it again: discover run constants/box14 --seed 0 --budget 718592000

from sympy import Add, Integer, Mul, polygamma, Pow, Rational, Symbol

n = Symbol("n", integer=True)
# a and b
terms = [
    (10*n + 5, 9*n**4),
]
closed_form = Mul(Integer(6), Pow(Add(Integer(-9), polygamma(Integer(1), Rational(1, 3))), Integer(-1)))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 28, 5),
    (2, 940, 173),
    (5, 765200, 139573),
    (12, 883476419539313600, 161338202939951941),
)
DIGITS = "5.4764656284225225043041364686780484130023611563220"


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
            raise SystemExit("trigamma_third: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**49):
        raise SystemExit("trigamma_third: selftest FAILED: closed form")
    print("trigamma_third: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"trigamma_third","search":"constants/box14","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-400,400],[-400,400]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":1,"content":[-32,32],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":67108864,"restart_after":0},"run":{"budget":718592000,"seed":0,"chunk":8388608}},"config_hash":"47cdf2ed38f1c3d2","seed":0,"reproduce":"discover run constants/box14 --seed 0 --budget 718592000","id":"bbf1673b","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = 10.0 * n + 5.0","b = 9.0 * square(square(n))"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9906064021013087,"size":3.0},"descriptors":{"degree_a":1,"degree_b":4,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"a09cafde8df0959b"}
