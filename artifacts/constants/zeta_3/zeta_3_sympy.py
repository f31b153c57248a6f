# SPDX-License-Identifier: MIT-0
#
# zeta_3: 6/zeta(3) = 5 - 1^6/(117 - 2^6/(535 - 3^6/(1463 - ...))), a(n) = (2 n + 1) (17 n^2 + 17 n + 5), b(n) = -n^6
#
# Value: 4.9914442354842448120987576729291844065023383864023...
# Status: PROVED: Apery 1979
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    3.06221       decimal digits a term: exponential convergence
#     delta   0.0854322     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     a = ((34.0 * n + 51.0) * n + 27.0) * n + 5.0
#     b = -square(square(n) * n)
# Found by discover-programs 0.1.0, search constants/evolve, seed 0, config 27577073338c1eb3, primitive set fed40efca700882b
# Find it again: discover run constants/evolve --seed 0 --budget 3000000

from sympy import Integer, Mul, Pow, Rational, Symbol, zeta

n = Symbol("n", integer=True)
# a and b
terms = [
    (34*n**3 + 51*n**2 + 27*n + 5, -n**6),
]
closed_form = Mul(Integer(6), Pow(zeta(Integer(3)), Integer(-1)))

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
    (1, 584, 117),
    (2, 312120, 62531),
    (5, 103011960000, 20637706271),
    (12, 682687029130140611135113498944000, 136771442677233425923549477964981),
)
DIGITS = "4.9914442354842448120987576729291844065023383864023"


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
            raise SystemExit("zeta_3: selftest FAILED: convergents")
    if not abs(closed_form.evalf(70) - Rational(DIGITS)) <= Rational(1, 10**49):
        raise SystemExit("zeta_3: selftest FAILED: closed form")
    print("zeta_3: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"zeta_3","search":"constants/evolve","config":{"search":"constants","problem":{"method":"evolution","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"evolution":{"degree":8,"least":3,"instructions":20,"constants":8,"coefficients":2000,"plain":0.005,"full":0.95,"finalists":600}},"strategy":{"name":"map_elites","population":200,"tournament":4,"islands":1,"migrate_every":0,"batch":4096,"restart_after":0,"parents":"tournament"},"run":{"budget":3000000,"seed":0,"chunk":256}},"config_hash":"27577073338c1eb3","seed":0,"reproduce":"discover run constants/evolve --seed 0 --budget 3000000","id":"7af9aef2","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = ((34.0 * n + 51.0) * n + 27.0) * n + 5.0","b = -square(square(n) * n)"],"objectives":{"digits":100.0,"rate":3.0622054827028937,"delta":0.08543224684616102,"size":2.0},"descriptors":{"degree_a":3,"degree_b":6,"members":6},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"058bf3b1ec6f6603"}
