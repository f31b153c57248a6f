# SPDX-License-Identifier: MIT-0
#
# zeta_5: 2/(2*zeta(5) - 2*zeta(3) + 1) = 3 - 1^10/(75 - 2^10/(465 - 3^10/(1785 - ...))), a(n) = (2 n + 1) (n^4 + 2 n^3 + 10 n^2 + 9 n + 3), b(n) = -n^10
#
# Value: 2.9862258661092712862062387005196332290858758638338...
# Status: PROVED: Euler's series; series of the polygamma function
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0             decimal digits a term: polynomial convergence
#     delta   -0.98299      irrationality measure of convergent 600, exact
#     size    4             decimal digits of the integers in the formula
# Program:
#     a = ((((2.0 * n + 5.0) * n + 22.0) * n + 28.0) * n + 15.0) * n + 3.0
#     b = -square(square(square(n)) * n)
# Found by discover-programs 0.1.0, search constants/box510, seed 0, config 42f0fff5059134ac, primitive set fed40efca700882b
# Find it again: discover run constants/box510 --seed 0 --budget 38111119200

import math
import sys

# Coefficients of a and b, lowest degree first.
BLOCKS = (((3, 15, 28, 22, 5, 2), (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1)),)
# n, numerator and denominator of the n-th convergent, a(0) + b(1)/(a(1) + ... + b(n)/a(n)), not reduced
GOLDEN = (
    (0, 3, 1),
    (1, 224, 75),
    (2, 101088, 33851),
    (5, 8320145817600000, 2786174019320832),
    (12, 1713375970100858654222583972486968707645440000000000, 573759670686044442018596683650108240371594035200000),
)
DIGITS = "2.9862258661092712862062387005196332290858758638338"
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


# Convergents alone would take for ever: their errors fall like a power of the number of terms.
# But the tail f(n) = a(n) + b(n+1)/(a(n+1) + ...) has an asymptotic series, the sum of c[k] n^((POWER - k)/2). From
# f(n) f(n+1) = a(n) f(n+1) + b(n+1) each c[k] follows from those before it, and the first from a quadratic equation
# for c[ROOT], of whose roots the tail of a fraction tends to that of sign SIGN. How many digits that gives is not
# proved but seen: two depths must agree.
POWER, ROOT, STEP, SIGN = 10, 2, 2, 1
MOST = 2000  # root of the largest n
ALPHA = {POWER - 2 * i: c for i, c in enumerate(BLOCKS[0][0])}  # a(n), by k
BETA = {2 * (POWER - i): c for i, c in enumerate((-1, -10, -45, -120, -210, -252, -210, -120, -45, -10, -1))}  # b(n+1)


def series(count, bits):
    """c[0], c[1], ... c[count - 1], times 2^bits."""
    c, d = [0] * (count + 3), [0] * (count + 3)

    def following(k):
        """d[k], of the series of f(n+1)."""
        total, weight = 0, 1 << bits
        for i in range(k // 2 + 1):
            total += c[k - 2 * i] * weight >> bits
            weight = weight * (POWER - k + 2 * i + 2) // (2 * i + 2)
        return total

    def rest(k, unknown):
        """Of f(n) f(n+1) - a(n) f(n+1) - b(n+1) at place k, all from c[unknown] on being zero."""
        for i in range(unknown, k + 1, STEP):
            d[i] = following(i)
        total = sum(c[i] * d[k - i] for i in range(0, k + 1, STEP)) >> bits
        return total - sum(x * d[k - i] for i, x in ALPHA.items() if i <= k) - (BETA.get(k, 0) << bits)

    slope = -ALPHA.get(0, 0) << bits
    if ROOT:
        c[0] = d[0] = -slope // 2
        slope = 0 if ROOT == 1 else c[0] - (ALPHA.get(2, 0) << bits)
    c[ROOT] = (SIGN * math.isqrt(slope * slope - (rest(2 * ROOT, STEP * (ROOT > 0)) << bits + 2)) - slope) // 2
    slope += 2 * c[ROOT]
    for i in range(0, ROOT + 1):
        d[i] = following(i)
    for k in range(ROOT + STEP, count, STEP):
        c[k] = -(rest(k + ROOT, k) << bits) // (slope + (c[0] * (k - 2) // 2 if ROOT == 2 else 0))
        d[k] = following(k)
    return c[:count]


def value(places):
    """The fraction times 10^places, rounded down; from two depths that agree."""
    bits = places * 10 // 3 + 128
    c = series(places + 40, bits)
    root, before = math.isqrt(2 * places) + 4, None
    while True:
        parts, now = [], None  # of the tail at n = root^2
        for k in range(0, len(c), STEP):
            parts.append(c[k] * root**POWER // root**k)
            if k >= 8 * STEP and max(map(abs, parts[-5:])) < 1 << 40:
                size = sum(parts)
                for n in range(root * root - 1, 15, -1):
                    size = (term(n)[0] << bits) + (term(n + 1)[1] << 2 * bits) // size
                p, q, r, s = product(0, 16)
                now = 10**places * (p * size + (q << bits)) // (r * size + (s << bits))
                break
        if now is not None and before is not None and abs(now - before) <= 2:
            return now
        if root > MOST:
            raise SystemExit("no series of the tail converges to so many digits; ask for fewer")
        root, before = root * 7 // 5 + 1, now


def digits(count):
    """The first so many digits, as text."""
    scaled = value(count + GUARD)
    # A value that ends within the guard digits of a shorter one is taken to be that one.
    text = str(abs(scaled) + 10 ** (GUARD // 2)).zfill(count + GUARD + 1)
    whole, after = text[: -count - GUARD], text[-count - GUARD :]
    zeros = len(after) - len(after.lstrip("0")) if whole == "0" else -len(whole)
    return ("-" if scaled < 0 else "") + (whole + "." + after[: max(count + zeros, 0)]).rstrip(".")


def closed_form(mp):
    """2/(2*zeta(5) - 2*zeta(3) + 1); mp: mpmath's context."""
    return mp.mpf(2) / (2 * mp.zeta(5) - 2 * mp.zeta(3) + 1)


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
            raise SystemExit("zeta_5: selftest FAILED: convergents")
    if digits(50) != DIGITS:
        raise SystemExit("zeta_5: selftest FAILED: digits")
    if agrees(DIGITS) is False:
        raise SystemExit("zeta_5: selftest FAILED: closed form")
    print("zeta_5: selftest ok")


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
        print(f"digits {note} 2/(2*zeta(5) - 2*zeta(3) + 1)", file=sys.stderr)
        if found is False:
            raise SystemExit(1)
    else:
        raise SystemExit(f"usage: python {sys.argv[0]} [DIGITS] or --selftest")

# discover: {"format":1,"name":"zeta_5","search":"constants/box510","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-600,600],[-600,600],[-600,600]],"symmetric":true,"odd":true,"half":true,"b":[],"factors":10,"slopes":1,"offsets":1,"content":[-2,2],"depth":64,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1073741824,"restart_after":0},"run":{"budget":38111119200,"seed":0,"chunk":134217728}},"config_hash":"42f0fff5059134ac","seed":0,"reproduce":"discover run constants/box510 --seed 0 --budget 38111119200","id":"cd8b2da3","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = ((((2.0 * n + 5.0) * n + 22.0) * n + 28.0) * n + 15.0) * n + 3.0","b = -square(square(square(n)) * n)"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9829903981844073,"size":4.0},"descriptors":{"degree_a":5,"degree_b":10,"members":1},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"8a1ee79470249d32"}
