# SPDX-License-Identifier: MIT-0
#
# zeta_3_sevenths: 8/(7*zeta(3)) = 1 - 1^6/(21 - 2^6/(95 - 3^6/(259 - ...))), a(n) = (2 n + 1) (3 n^2 + 3 n + 1), b(n) = -n^6
#
# Value: 0.95075128294937996420928717579603512504806445455283...
# Status: FAMILY: Apery limit (Almkvist-Zudilin 2006)
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    1.5311        decimal digits a term: exponential convergence
#     delta   -0.418806     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     a = ((6.0 * n + 9.0) * n + 5.0) * n + 1.0
#     b = -square(square(n) * n)
# Found by discover-programs 0.1.0, search constants/box36, seed 0, config 1ccbae3b422f748f, primitive set fed40efca700882b
# Find it again: discover run constants/box36 --seed 0 --budget 72024583680

from sympy import Integer, Mul, Pow, Rational, Symbol, zeta

n = Symbol("n", integer=True)
# a and b
terms = [
    (6*n**3 + 9*n**2 + 5*n + 1, -n**6),
]
closed_form = Mul(Rational(8, 7), Pow(zeta(Integer(3)), Integer(-1)))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 20, 21),
    (2, 1836, 1931),
    (5, 184090500, 193626349),
    (12, 4564363727521574637768607500, 4800796811298745461743500903),
)
DIGITS = "0.95075128294937996420928717579603512504806445455283"


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
            raise SystemExit("zeta_3_sevenths: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**50):
        raise SystemExit("zeta_3_sevenths: selftest FAILED: closed form")
    print("zeta_3_sevenths: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"zeta_3_sevenths","search":"constants/box36","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-60,60],[-60,60],[-60,60],[-60,60]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":6,"slopes":2,"offsets":1,"content":[-4,4],"depth":400,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1073741824,"restart_after":0},"run":{"budget":72024583680,"seed":0,"chunk":134217728}},"config_hash":"1ccbae3b422f748f","seed":0,"reproduce":"discover run constants/box36 --seed 0 --budget 72024583680","id":"b3a4f8cd","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = ((6.0 * n + 9.0) * n + 5.0) * n + 1.0","b = -square(square(n) * n)"],"objectives":{"digits":100.0,"rate":1.5311027413514522,"delta":-0.418805922804088,"size":2.0},"descriptors":{"degree_a":3,"degree_b":6,"members":2},"scores":{},"status":"measured","generator":"discover-programs 0.1.0","digest":"0fccf0c1cc3e0f94"}
