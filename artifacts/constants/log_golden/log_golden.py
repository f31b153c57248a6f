# SPDX-License-Identifier: MIT-0
#
# log_golden: sqrt(5)/(2*log(golden)) = 2 + 2/(5 + 12/(8 + 30/(11 + ...))), a(n) = 3 n + 2, b(n) = 2 n (2 n - 1)
#
# Value: 2.3233718095173863995097048397298999444522317196484...
# Status: PROVED: Euler's series; Pfaff's transformation, series of arcsin
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.60206       decimal digits a term: exponential convergence
#     delta   -0.293982     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 3.0
#     k1 = 2.0
#     a = k0 * n + k1
#     b = k1 * (n * (k1 * n - 1.0))
# Found by discover-programs 0.1.0, search constants/box2, seed 0, config 14b718b78dfa5a26, primitive set fed40efca700882b
# Find it again: discover run constants/box2 --seed 0 --budget 1768900

import math
import sys

# Coefficients of a and b, lowest degree first.
BLOCKS = (((2, 3), (0, -2, 4)),)
# n, numerator and denominator of the n-th convergent, a(0) + b(1)/(a(1) + ... + b(n)/a(n)), not reduced
GOLDEN = (
    (0, 2, 1),
    (1, 12, 5),
    (2, 120, 52),
    (5, 665280, 286320),
    (12, 64764752532480000, 27875328642201600),
)
DIGITS = "2.3233718095173863995097048397298999444522317196484"
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
    """sqrt(5)/(2*log(golden)); mp: mpmath's context."""
    return mp.sqrt(5) / (2 * mp.log(mp.phi))


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
            raise SystemExit("log_golden: selftest FAILED: convergents")
    if digits(50) != DIGITS:
        raise SystemExit("log_golden: selftest FAILED: digits")
    if agrees(DIGITS) is False:
        raise SystemExit("log_golden: selftest FAILED: closed form")
    print("log_golden: selftest ok")


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
        print(f"digits {note} sqrt(5)/(2*log(golden))", file=sys.stderr)
        if found is False:
            raise SystemExit(1)
    else:
        raise SystemExit(f"usage: python {sys.argv[0]} [DIGITS] or --selftest")

# discover: {"format":1,"name":"log_golden","search":"constants/box2","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-5,5],[-5,5],[-5,5]],"symmetric":false,"odd":false,"half":false,"b":[[-5,5],[-5,5],[-5,5]],"factors":0,"slopes":1,"offsets":1,"content":[-1,1],"depth":1000,"sieve":false,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":221200,"restart_after":0},"run":{"budget":1768900,"seed":0,"chunk":27650}},"config_hash":"14b718b78dfa5a26","seed":0,"reproduce":"discover run constants/box2 --seed 0 --budget 1768900","id":"1033a945","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 3.0","k1 = 2.0","a = k0 * n + k1","b = k1 * (n * (k1 * n - 1.0))"],"objectives":{"digits":100.0,"rate":0.6020599913279624,"delta":-0.2939817726364863,"size":2.0},"descriptors":{"degree_a":1,"degree_b":2,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"37f6a098d42bb540"}
