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

import math
import sys

# Coefficients of a and b, lowest degree first.
BLOCKS = (((5, 27, 51, 34), (0, 0, 0, 0, 0, 0, -1)),)
# n, numerator and denominator of the n-th convergent, a(0) + b(1)/(a(1) + ... + b(n)/a(n)), not reduced
GOLDEN = (
    (0, 5, 1),
    (1, 584, 117),
    (2, 312120, 62531),
    (5, 8010210009600000, 1604788039632960),
    (12, 88062877986773779408305776228530598707200000000, 17642765066017082719949451262589147696332800000),
)
DIGITS = "4.9914442354842448120987576729291844065023383864023"
GUARD = 20


def term(j):
    """a and b of term j."""
    n, i = divmod(j, len(BLOCKS))
    return [sum(c * n**k for k, c in enumerate(p)) for p in BLOCKS[i]]


def times(x, y):
    """The product of two matrices of four numbers."""
    p, q, r, s = x
    t, u, v, w = y
    return p * t + q * v, p * u + q * w, r * t + s * v, r * u + s * w


def product(low, high):
    """Of the matrices (a(j), b(j+1); 1, 0) for j from low up to high - 1, by halves: factors are of equal size."""
    if high - low == 1:
        return term(low)[0], term(high)[1], 1, 0
    middle = (low + high) // 2
    return times(product(low, middle), product(middle, high))


MOST = 1 << 22  # terms


def value(places):
    """The fraction times 10^places, rounded down; the next time as many terms change nothing."""
    depth, matrix, before = 16, product(0, 16), None
    while True:
        p, _, q, _ = matrix
        now = p * 10**places // q if q else None
        if now is not None and before is not None and abs(now - before) <= 1:
            return now
        if depth >= MOST:
            known = places if now is None or before is None else len(str(abs(now - before)))
            raise SystemExit(f"{depth} terms give only about {max(places - known, 0)} digits; ask for fewer")
        matrix, before, depth = times(matrix, product(depth, 2 * depth)), now, 2 * depth


def digits(count):
    """The first so many digits, as text."""
    scaled = value(count + GUARD)
    # A value that ends within the guard digits of a shorter one is taken to be that one.
    text = str(abs(scaled) + 10 ** (GUARD // 2)).zfill(count + GUARD + 1)
    whole, after = text[: -count - GUARD], text[-count - GUARD :]
    zeros = len(after) - len(after.lstrip("0")) if whole == "0" else -len(whole)
    return ("-" if scaled < 0 else "") + (whole + "." + after[: max(count + zeros, 0)]).rstrip(".")


def closed_form(mp):
    """6/zeta(3); mp: mpmath's context."""
    return mp.mpf(6) / mp.zeta(3)


def agrees(text):
    """Whether digits are those of the closed form; None without mpmath."""
    try:
        import mpmath
    except ImportError:
        return None
    places = len(text.partition(".")[2])
    with mpmath.workdps(places + 30):
        scaled = closed_form(mpmath.mp) * mpmath.mpf(10) ** places
        return abs(scaled - int(text.replace(".", ""))) < mpmath.mpf("1.001")


def selftest():
    """Convergents, digits, and the closed form where mpmath is installed."""
    for n, p, q in GOLDEN:
        if product(0, n + 1)[::2] != (p, q):
            raise SystemExit("zeta_3: selftest FAILED: convergents")
    if digits(50) != DIGITS:
        raise SystemExit("zeta_3: selftest FAILED: digits")
    if agrees(DIGITS) is False:
        raise SystemExit("zeta_3: selftest FAILED: closed form")
    print("zeta_3: selftest ok")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments == ["--selftest"]:
        selftest()
    elif len(arguments) <= 1 and all(a.isdecimal() and int(a) > 0 for a in arguments):
        if hasattr(sys, "set_int_max_str_digits"):
            sys.set_int_max_str_digits(0)
        asked = int(arguments[0]) if arguments else 50
        text = digits(asked)
        print(text)
        found = agrees(text)
        note = {True: "agree with", False: "DISAGREE with", None: "not compared (no mpmath) with"}[found]
        print(f"digits {note} 6/zeta(3)", file=sys.stderr)
        if found is False:
            raise SystemExit(1)
    else:
        raise SystemExit(f"usage: python {sys.argv[0]} [DIGITS] or --selftest")

# discover: {"format":1,"name":"zeta_3","search":"constants/evolve","config":{"search":"constants","problem":{"method":"evolution","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"evolution":{"degree":8,"least":3,"instructions":20,"constants":8,"coefficients":2000,"plain":0.005,"full":0.95,"finalists":600}},"strategy":{"name":"map_elites","population":200,"tournament":4,"islands":1,"migrate_every":0,"batch":4096,"restart_after":0,"parents":"tournament"},"run":{"budget":3000000,"seed":0,"chunk":256}},"config_hash":"27577073338c1eb3","seed":0,"reproduce":"discover run constants/evolve --seed 0 --budget 3000000","id":"7af9aef2","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = ((34.0 * n + 51.0) * n + 27.0) * n + 5.0","b = -square(square(n) * n)"],"objectives":{"digits":100.0,"rate":3.0622054827028937,"delta":0.08543224684616102,"size":2.0},"descriptors":{"degree_a":3,"degree_b":6,"members":6},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"058bf3b1ec6f6603"}
