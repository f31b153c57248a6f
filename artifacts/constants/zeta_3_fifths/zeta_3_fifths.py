# SPDX-License-Identifier: MIT-0
#
# zeta_3_fifths: 5/(2*zeta(3)) = 2 + 2/(23 + 192/(82 + 2430/(197 + ...))), a(n) = 3 n^3 + 10 n^2 + 8 n + 2, b(n) = 2 n^5 (2 n - 1)
#
# Value: 2.0797684314517686717078156970538268360426409943343...
# Status: PROVED: Euler's series; central binomial sums: zeta(3) (Markov 1890, Apery)
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.60206       decimal digits a term: exponential convergence
#     delta   -0.646039     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 3.0
#     k1 = 10.0
#     k2 = 8.0
#     k3 = 2.0
#     a = ((k0 * n + k1) * n + k2) * n + k3
#     b = k3 * (square(square(n)) * n * (k3 * n - 1.0))
# Found by discover-programs 0.1.0, search constants/box36, seed 0, config 1ccbae3b422f748f, primitive set fed40efca700882b
# Find it again: discover run constants/box36 --seed 0 --budget 72024583680

import math
import sys

# Coefficients of a and b, lowest degree first.
BLOCKS = (((2, 8, 10, 3), (0, 0, 0, 0, 0, -2, 4)),)
# n, numerator and denominator of the n-th convergent, a(0) + b(1)/(a(1) + ... + b(n)/a(n)), not reduced
GOLDEN = (
    (0, 2, 1),
    (1, 48, 23),
    (2, 4320, 2078),
    (5, 344881152000, 165826459008),
    (12, 2511304316897764726178788147200000000, 1207492276043435424488385911193600000),
)
DIGITS = "2.0797684314517686717078156970538268360426409943343"
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
    """5/(2*zeta(3)); mp: mpmath's context."""
    return mp.mpf(5) / (2 * mp.zeta(3))


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
            raise SystemExit("zeta_3_fifths: selftest FAILED: convergents")
    if digits(50) != DIGITS:
        raise SystemExit("zeta_3_fifths: selftest FAILED: digits")
    if agrees(DIGITS) is False:
        raise SystemExit("zeta_3_fifths: selftest FAILED: closed form")
    print("zeta_3_fifths: selftest ok")


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
        print(f"digits {note} 5/(2*zeta(3))", file=sys.stderr)
        if found is False:
            raise SystemExit(1)
    else:
        raise SystemExit(f"usage: python {sys.argv[0]} [DIGITS] or --selftest")

# discover: {"format":1,"name":"zeta_3_fifths","search":"constants/box36","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-60,60],[-60,60],[-60,60],[-60,60]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":6,"slopes":2,"offsets":1,"content":[-4,4],"depth":400,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1073741824,"restart_after":0},"run":{"budget":72024583680,"seed":0,"chunk":134217728}},"config_hash":"1ccbae3b422f748f","seed":0,"reproduce":"discover run constants/box36 --seed 0 --budget 72024583680","id":"6ea88517","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 3.0","k1 = 10.0","k2 = 8.0","k3 = 2.0","a = ((k0 * n + k1) * n + k2) * n + k3","b = k3 * (square(square(n)) * n * (k3 * n - 1.0))"],"objectives":{"digits":100.0,"rate":0.6020599913279624,"delta":-0.6460387196430426,"size":2.0},"descriptors":{"degree_a":3,"degree_b":6,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"380780c0ee3cc038"}
