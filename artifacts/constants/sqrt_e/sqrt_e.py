# SPDX-License-Identifier: MIT-0
#
# sqrt_e: e^(1/2) = 1 + 1/(1 + 1/(1 + 1/(1 + ...))), a(3 n) = 1, a(3 n + 1) = 4 n + 1, a(3 n + 2) = 1, b(n) = 1
#
# Value: 1.6487212707001281468486507878141635716537761007101...
# Status: PROVED: coboundary with 1 steps; Lommel: contiguous 0F1, ratio of Bessel functions (0F1)
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    2.28398       decimal digits a term: factorial convergence
#     delta   1.00524       irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 1.0
#     a1 = 4.0 * n + k0
#     a0 = k0
#     b0 = k0
#     b1 = k0
#     a2 = k0
#     b2 = k0
# Found by discover-programs 0.1.0, search constants/esma, seed 0, config 3d5ddd83356100d5, primitive set fed40efca700882b
# Find it again: discover run constants/esma --seed 0 --budget 1000000000

import math
import sys

# Coefficients of a and b, lowest degree first; term j = 3 n + i has pair i at n.
BLOCKS = (((1,), (1,)), ((1, 4), (1,)), ((1,), (1,)))
# n, numerator and denominator of the n-th convergent, a(0) + b(1)/(a(1) + ... + b(n)/a(n)), not reduced
GOLDEN = (
    (0, 1, 1),
    (1, 2, 1),
    (2, 3, 2),
    (5, 33, 20),
    (12, 34361, 20841),
)
DIGITS = "1.6487212707001281468486507878141635716537761007101"
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
    """e^(1/2); mp: mpmath's context."""
    return mp.e**(mp.mpf(1) / 2)


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
            raise SystemExit("sqrt_e: selftest FAILED: convergents")
    if digits(50) != DIGITS:
        raise SystemExit("sqrt_e: selftest FAILED: digits")
    if agrees(DIGITS) is False:
        raise SystemExit("sqrt_e: selftest FAILED: closed form")
    print("sqrt_e: selftest ok")


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
        print(f"digits {note} e^(1/2)", file=sys.stderr)
        if found is False:
            raise SystemExit(1)
    else:
        raise SystemExit(f"usage: python {sys.argv[0]} [DIGITS] or --selftest")

# discover: {"format":1,"name":"sqrt_e","search":"constants/esma","config":{"search":"constants","problem":{"method":"esma","hours":1.0,"identify":{"constants":[],"user":{},"decoys":8,"coefficients":8,"digits":50},"esma":{"library":true,"families":["exp","tan","tanh","bessel_i","bessel_j"],"numerators":2,"denominators":6,"orders":3,"degree":2,"coefficients":4,"period":3,"depth":100,"verify":1000,"bits":16384,"finds":500}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":131072,"restart_after":0},"run":{"budget":1000000000,"seed":0,"chunk":8192}},"config_hash":"3d5ddd83356100d5","seed":0,"reproduce":"discover run constants/esma --seed 0 --budget 1000000000","id":"4fa6339e","parents":[],"signature":{"inputs":["n"],"outputs":["a0","b0","a1","b1","a2","b2"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 1.0","a1 = 4.0 * n + k0","a0 = k0","b0 = k0","b1 = k0","a2 = k0","b2 = k0"],"objectives":{"digits":100.0,"rate":2.2839791548481876,"delta":1.0052421271586893,"size":2.0},"descriptors":{"degree_a":1,"degree_b":0,"members":54},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"e176499381fd1b2d"}
