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

import math
import sys

# Coefficients of a and b, lowest degree first.
BLOCKS = (((4, 12, 7), (0, 0, 0, -4, 8)),)
# n, numerator and denominator of the n-th convergent, a(0) + b(1)/(a(1) + ... + b(n)/a(n)), not reduced
GOLDEN = (
    (0, 4, 1),
    (1, 96, 23),
    (2, 5760, 1384),
    (5, 30656102400, 7364407104),
    (12, 3303763649549153366704128000000, 793651601349666708858961920000),
)
DIGITS = "4.1627379620112155957391632074699828501280943112921"
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
    """2/log(2)^2; mp: mpmath's context."""
    return mp.mpf(2) / mp.log(2)**2


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
            raise SystemExit("log_2_squared: selftest FAILED: convergents")
    if digits(50) != DIGITS:
        raise SystemExit("log_2_squared: selftest FAILED: digits")
    if agrees(DIGITS) is False:
        raise SystemExit("log_2_squared: selftest FAILED: closed form")
    print("log_2_squared: selftest ok")


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
        print(f"digits {note} 2/log(2)^2", file=sys.stderr)
        if found is False:
            raise SystemExit(1)
    else:
        raise SystemExit(f"usage: python {sys.argv[0]} [DIGITS] or --selftest")

# discover: {"format":1,"name":"log_2_squared","search":"constants/box24","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-80,80],[-80,80],[-80,80]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":3,"content":[-16,16],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":268435456,"restart_after":0},"run":{"budget":22034918400,"seed":0,"chunk":33554432}},"config_hash":"49f01c908c38db10","seed":0,"reproduce":"discover run constants/box24 --seed 0 --budget 22034918400","id":"7db5b868","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 7.0","k1 = 12.0","k2 = 4.0","a = (k0 * n + k1) * n + k2","b = k2 * (square(n) * n * (2.0 * n - 1.0))"],"objectives":{"digits":100.0,"rate":0.9030899869919434,"delta":-0.429092434481556,"size":2.0},"descriptors":{"degree_a":2,"degree_b":4,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"871379736fee0ccc"}
