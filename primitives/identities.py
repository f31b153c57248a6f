"""The algebraic rules of the canonical form, as text (`rules` compiles them).

`u v w` stand for any value, `c d k` for a constant, numbers for themselves; `!` marks an instruction that must be
read once only, so that taking it apart costs nothing. Every rule is an identity of the reals wherever both sides are
defined, and none adds an operation. The arguments of a commutative primitive stand in the argument order (constants
last); the outermost is tried in both orders. A rule is left out where the primitive set lacks what it needs; arithmetic
between constants is done at once and needs no primitive.

Conditions follow, joined by `and`:

    if u > v      u comes after v in the argument order, except that an operation like the outermost that is read once
                  comes before all else: so chains of sums lean to one side, and then are sorted
    if c > 0      of the value of a constant; likewise < and other numbers
    if v >= 0     it is proved that v is finite and not negative wherever its leaves are finite (`rules.PROOFS`)
    if v > 0      ... and not zero
    if v flat hw  v is one number over these axes of a batch of images (see `moments`)
"""

ANYWHERE = """
add(add(v, c), k) -> add(v, add(c, k))
add(sub(c, v), k) -> sub(add(c, k), v)
add(u, neg(v)) -> sub(u, v)
sub(u, u) -> 0
sub(u, k) -> add(u, sub(0, k))
sub(k, add(v, c)) -> sub(sub(k, c), v)
sub(k, sub(c, v)) -> add(v, sub(k, c))
sub(u, neg(v)) -> add(u, v)
mul(mul(v, c), k) -> mul(v, mul(c, k))
mul(div(c, v), k) -> div(mul(c, k), v)
mul(u, reciprocal(v)) -> div(u, v)
mul(u, u) -> square(u)
div(u, u) -> 1
div(k, mul(v, c)) -> div(div(k, c), v)
div(k, div(c, v)) -> mul(v, div(k, c))
div(u, abs(u)) -> sign(u)
div(u, reciprocal(v)) -> mul(u, v)
neg(neg(v)) -> v
neg(sub(u, v)) -> sub(v, u)
abs(neg(v)) -> abs(v)
abs(abs(v)) -> abs(v)
abs(square(v)) -> square(v)
square(neg(v)) -> square(v)
square(abs(v)) -> square(v)
sqrt(square(v)) -> abs(v)
reciprocal(reciprocal(v)) -> v
log(exp(v)) -> v
log2(exp2(v)) -> v
sign(sign(v)) -> sign(v)
round(round(v)) -> round(v)
min(u, u) -> u
max(u, u) -> u
interp(u, u, w) -> u
interp(u, interp(u, v, c), k) -> interp(u, v, mul(c, k))
interp(v, interp(u, v, c), k) -> interp(v, u, mul(k, sub(1, c)))
interp(interp(u, v, c), u, k) -> interp(u, v, mul(sub(1, k), c))
interp(interp(u, v, c), v, k) -> interp(u, v, sub(1, mul(sub(1, c), sub(1, k))))
"""

# Not where 0/0 is 0.
PARTIAL = "div(u, u) -> 1"

# Where 0/0 is 0, roots and logarithms take |x|, and constants have a value of their own: a set for optimizers. These
# hold for zeros too, though one side may be NaN where the other is not (0 times infinity is; what came of it, was
# worthless). So sign(v) and sign(1 / v) are two things, and so are the signs of u and of u times a square, at v = 0.
# Constant factors move outwards; under a sign they vanish, and what they weighed is an `interp`.
TOTAL = """
interp(u, v, c) -> interp(v, u, sub(1, c)) if c < 0.5
div(u, c) -> mul(u, div(1, c))
sub(u, mul(v, c)!) -> add(u, mul(v, sub(0, c)))
mul(u, mul(v, c)!) -> mul(mul(u, v), c)
mul(neg(u), c) -> mul(u, sub(0, c))
mul(u, neg(v)!) -> neg(mul(u, v))
neg(mul(u, c)!) -> mul(u, sub(0, c))
div(mul(u, c)!, v) -> mul(div(u, v), c)
div(u, mul(v, c)!) -> mul(div(u, v), div(1, c))
div(neg(u)!, v) -> neg(div(u, v))
div(u, neg(v)!) -> neg(div(u, v))
div(u, u) -> 1 if u > 0
div(abs(u), u) -> sign(u)
div(abs(u), sign(u)) -> u
div(u, sign(u)) -> abs(u)
div(square(u), u) -> u
div(square(u), abs(u)) -> abs(u)
mul(u, sign(u)) -> abs(u)
mul(abs(u), sign(u)) -> u
abs(v) -> v if v >= 0
max(v, 0) -> v if v >= 0
sqrt(c) -> sqrt(sub(0, c)) if c < 0
sqrt(abs(v)) -> sqrt(v)
sqrt(neg(v)) -> sqrt(v)
square(sqrt(v)) -> abs(v)
log(abs(v)) -> log(v)
log(neg(v)) -> log(v)
sign(v) -> 1 if v > 0
sign(div(u, v)) -> sign(u) if v >= 0
sign(mul(u, v)) -> sign(u) if v > 0
sign(mul(u, v)) -> sign(v) if u > 0
sign(mul(u, c)!) -> neg(sign(u)) if c < 0
sign(neg(u)!) -> neg(sign(u))
neg(sign(sub(u, v)!)!) -> sign(sub(v, u))
tanh(div(u, 0)) -> sign(u)
sign(tanh(u)) -> sign(u)
sign(sinh(u)) -> sign(u)
sign(arctan(u)) -> sign(u)
sign(arcsinh(u)) -> sign(u)
sign(expm1(u)) -> sign(u)
sign(cube(u)) -> sign(u)
sign(cbrt(u)) -> sign(u)
sign(clip(u, c)) -> sign(u) if c > 0
sign(add(mul(u, c), mul(v, k))!) -> sign(interp(u, v, div(k, add(c, k)))) if c > 0 and k > 0
sign(add(mul(u, c), mul(v, k))!) -> neg(sign(interp(u, v, div(k, add(c, k))))) if c < 0 and k < 0
sign(add(mul(u, c), mul(v, k)!)!) -> sign(add(u, mul(v, div(k, c)))) if c > 0 and k < 0
sign(add(mul(u, c)!, mul(v, k))!) -> sign(add(v, mul(u, div(c, k)))) if c < 0 and k > 0
sign(add(u, mul(v, c)!)!) -> sign(interp(u, v, div(c, add(1, c)))) if c > -1
sign(add(u, mul(v, c)!)!) -> neg(sign(interp(u, v, div(c, add(1, c))))) if c < -1
sign(add(mul(v, c)!, u)!) -> sign(interp(u, v, div(c, add(1, c)))) if c > -1
sign(add(mul(v, c)!, u)!) -> neg(sign(interp(u, v, div(c, add(1, c))))) if c < -1
sign(sub(mul(v, c)!, u)!) -> sign(interp(u, v, div(c, sub(c, 1)))) if c > 1
sign(sub(mul(v, c)!, u)!) -> neg(sign(interp(u, v, div(c, sub(c, 1))))) if c < 1
sign(interp(mul(u, c), v, k)!) -> sign(interp(u, v, div(k, add(mul(sub(1, k), c), k)))) if c > 0 and k > 0 and k < 1
sign(interp(u, mul(v, c), k)!) -> sign(interp(u, v, div(k, add(div(sub(1, k), c), k)))) if c > 0 and k > 0 and k < 1
"""

# Where 0/0 is NaN, and constants have a value of their own: a set for layers. Signs move outwards.
IEEE = """
tanh(neg(v)!) -> neg(tanh(v))
erf(neg(v)!) -> neg(erf(v))
arctan(neg(v)!) -> neg(arctan(v))
ssqrt(neg(v)!) -> neg(ssqrt(v))
slog(neg(v)!) -> neg(slog(v))
add(neg(u), c) -> sub(c, u)
mul(neg(u), c) -> mul(u, sub(0, c))
mul(u, neg(v)!) -> neg(mul(u, v))
div(neg(u)!, v) -> neg(div(u, v))
div(u, neg(v)!) -> neg(div(u, v))
sub(neg(u)!, v) -> neg(add(u, v))
neg(mul(u, c)!) -> mul(u, sub(0, c))
neg(div(c, u)!) -> div(sub(0, c), u)
neg(add(u, c)!) -> sub(sub(0, c), u)
neg(mul(sub(u, v)!, w)!) -> mul(sub(v, u), w)
neg(mul(w, sub(u, v)!)!) -> mul(sub(v, u), w)
neg(div(sub(u, v)!, w)!) -> div(sub(v, u), w)
neg(div(w, sub(u, v)!)!) -> div(w, sub(v, u))
abs(v) -> v if v >= 0
max(v, 0) -> v if v >= 0
max(v, neg(v)) -> abs(v)
max(abs(v), v) -> abs(v)
max(max(u, v), u) -> max(u, v)
max(max(u, v), v) -> max(u, v)
min(min(u, v), u) -> min(u, v)
min(min(u, v), v) -> min(u, v)
ssqrt(square(v)) -> abs(v)
square(ssqrt(v)) -> abs(v)
"""

# Where constants have a value of their own.
FIXED = """
add(u, 0) -> u
sub(0, u) -> neg(u)
mul(u, 1) -> u
mul(u, 0) -> 0
div(u, 1) -> u
interp(u, v, 0) -> u
interp(u, v, 1) -> v
"""

# Where the score fits the constants: they move outwards and merge, and the more general of two forms is kept.
FREE = """
add(u, add(v, c)!) -> add(add(u, v), c)
add(u, sub(c, v)!) -> add(sub(u, v), c)
add(u, add(v, w)!) -> add(add(u, v), w) if w > u
add(u, add(v, w)!) -> add(add(u, w), v) if v > u
sub(k, mul(v, c)!) -> add(mul(v, sub(0, c)), k)
sub(k, div(c, v)!) -> add(div(sub(0, c), v), k)
sub(k, sub(u, v)!) -> add(sub(v, u), k)
sub(u, add(v, c)!) -> add(sub(u, v), sub(0, c))
sub(add(v, c)!, u) -> add(sub(v, u), c)
sub(u, sub(c, v)!) -> add(add(u, v), sub(0, c))
sub(sub(c, v)!, u) -> sub(c, add(v, u))
sub(u, mul(v, c)!) -> add(u, mul(v, sub(0, c)))
sub(u, div(c, v)!) -> add(u, div(sub(0, c), v))
mul(add(v, c)!, k) -> add(mul(v, k), mul(c, k))
mul(sub(c, v)!, k) -> add(mul(v, sub(0, k)), mul(c, k))
mul(sub(u, v)!, k) -> mul(sub(v, u), sub(0, k)) if u > v
mul(u, mul(v, c)!) -> mul(mul(u, v), c)
mul(u, div(c, v)!) -> mul(div(u, v), c)
mul(u, mul(v, w)!) -> mul(mul(u, v), w) if w > u
mul(u, mul(v, w)!) -> mul(mul(u, w), v) if v > u
div(u, k) -> mul(u, div(1, k))
div(k, add(mul(v, c)!, d)!) -> div(div(k, c), add(v, div(d, c)))
div(k, div(u, v)!) -> mul(div(v, u), k)
div(k, sub(u, v)!) -> div(sub(0, k), sub(v, u)) if u > v
div(u, mul(v, c)!) -> mul(div(u, v), div(1, c))
div(mul(v, c)!, u) -> mul(div(v, u), c)
div(u, div(c, v)!) -> mul(mul(u, v), div(1, c))
div(div(u, v)!, w) -> div(u, mul(v, w))
div(u, div(v, w)!) -> div(mul(u, w), v)
"""
