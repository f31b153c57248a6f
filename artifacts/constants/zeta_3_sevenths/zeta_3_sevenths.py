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

import math
import sys

# Coefficients of a and b, lowest degree first.
BLOCKS = (((1, 5, 9, 6), (0, 0, 0, 0, 0, 0, -1)),)
# n, numerator and denominator of the n-th convergent, a(0) + b(1)/(a(1) + ... + b(n)/a(n)), not reduced
GOLDEN = (
    (0, 1, 1),
    (1, 20, 21),
    (2, 1836, 1931),
    (5, 238581288000, 250939748304),
    (12, 11499567519847315660185536182080000000, 12095242705509530486207658019039872000),
)
DIGITS = "0.95075128294937996420928717579603512504806445455283"
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
    """8/(7*zeta(3)); mp: mpmath's context."""
    return mp.mpf(8) / (7 * mp.zeta(3))


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
            raise SystemExit("zeta_3_sevenths: selftest FAILED: convergents")
    if digits(50) != DIGITS:
        raise SystemExit("zeta_3_sevenths: selftest FAILED: digits")
    if agrees(DIGITS) is False:
        raise SystemExit("zeta_3_sevenths: selftest FAILED: closed form")
    print("zeta_3_sevenths: selftest ok")


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
        print(f"digits {note} 8/(7*zeta(3))", file=sys.stderr)
        if found is False:
            raise SystemExit(1)
    else:
        raise SystemExit(f"usage: python {sys.argv[0]} [DIGITS] or --selftest")

# discover: {"format":1,"name":"zeta_3_sevenths","search":"constants/box36","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-60,60],[-60,60],[-60,60],[-60,60]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":6,"slopes":2,"offsets":1,"content":[-4,4],"depth":400,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1073741824,"restart_after":0},"run":{"budget":72024583680,"seed":0,"chunk":134217728}},"config_hash":"1ccbae3b422f748f","seed":0,"reproduce":"discover run constants/box36 --seed 0 --budget 72024583680","id":"b3a4f8cd","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = ((6.0 * n + 9.0) * n + 5.0) * n + 1.0","b = -square(square(n) * n)"],"objectives":{"digits":100.0,"rate":1.5311027413514522,"delta":-0.418805922804088,"size":2.0},"descriptors":{"degree_a":3,"degree_b":6,"members":2},"scores":{},"status":"measured","generator":"discover-programs 0.1.0","digest":"0fccf0c1cc3e0f94"}
