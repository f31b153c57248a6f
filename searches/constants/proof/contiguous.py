"""The value of a fraction with deg a <= 1, deg b <= 2 as a ratio of contiguous hypergeometric functions.

Each family: a function G(n) of whole steps in a parameter with G(n-1) = A(n) G(n) + B(n+1) G(n+1), a = k A, b = k^2 B.
So f(n) = k G(n-1)/G(n) satisfies f(n) = a(n) + b(n+1)/f(n+1). Where G is the minimal solution of its recurrence, the
fraction converges to f(0), by Pincherle's theorem.

    deg (1,0)  0F1(; c; z)/Gamma(c) in c, which are Bessel functions (Lommel)
    deg (1,1)  1F1(a; c; z)/Gamma(c) in c (Kummer, Perron)
    deg (0,1)  parabolic cylinder functions D_-m(x) (Laplace, Whittaker)
    deg (1,2)  2F1(a, b; c; z)/Gamma(c) in c (Gauss, Noerlund), U(a, c, z) in a where a^2 + 4 b loses its degree
    deg (0,2)  the same with z = 1/2
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp
from flint import fmpq_poly

from searches.constants.proof.exact import source
from searches.constants.proof.polynomials import degree, shift
from searches.constants.proof.special import gauss, kummer, parabolic, tricomi
from searches.constants.proof.sums import rational
from searches.constants.proof.telescope import Unsolved

Expr = Any
FAR = 64  # terms before a tail


@dataclass(frozen=True)
class Family:
    """A fraction as a contiguous ratio.

    parameters: name -> value. ratio: f(0). relation: certificate lines of the contiguous relation; minimal: why G is
    minimal. closing: gives f(0) in closed form, with a theorem's name, or raises Unsolved.
    """

    theorem: str
    parameters: dict[str, Expr]
    ratio: Expr
    a: str  # a(n) and b(n), as sympy source in the parameters
    b: str
    relation: tuple[str, ...]
    minimal: tuple[str, ...]
    closing: Callable[[], tuple[Expr, str]]

    @cached_property
    def lines(self) -> list[str]:
        """For a certificate, a and b being defined."""
        given = [f"{name} = {source(value)}" for name, value in self.parameters.items()]
        return [
            *(f"# {line}" for line in self.relation[:1]),
            *self.relation[1:],
            *given,
            f"assert simplify(a - ({self.a})) == 0",
            f"assert simplify(b - ({self.b})) == 0",
            *(f"# {line}" for line in self.minimal),
        ]


def family(a: fmpq_poly, b: fmpq_poly) -> Family | None:
    """The family of a and b, b without roots at 1, 2, ...; None where there is none or it does not converge."""
    a0, a1 = rational(a[0]), rational(a[1])
    b0, b1, b2 = (rational(b[i]) for i in range(3))
    match degree(a), degree(b):
        case 1, 0:
            return _bessel(a0, a1, b0)
        case 1, 1:
            return _kummer(a0, a1, b0, b1)
        case 0, 1:
            return _parabolic(a0, b0, b1)
        case 0 | 1, 2:
            square = a1**2 + 4 * b2
            if square > 0:
                return _gauss(a0, a1, b0, b1, b2)
            return _tricomi(a0, a1, b0, b1, b2) if square == 0 else None
    return None


def settled(a: fmpq_poly, b: fmpq_poly, start: int = 0) -> tuple[Family, int] | None:
    """The family of the tail at `start`, or at a later term without lower parameters 0, -1, ...; and that term."""
    known = family(shift(a, start), shift(b, start))
    if known is None:
        return None
    c = known.parameters.get("c", sp.S.Half)
    if c.is_Integer and c <= 1:
        start += 2 - int(c)
        if start > FAR:
            return None
        known = family(shift(a, start), shift(b, start))
    return None if known is None else (known, start)


PINCHERLE = "so by Pincherle's theorem the fraction converges to f(0) = k G(-1)/G(0)"


def _bessel(a0: Expr, a1: Expr, b0: Expr) -> Family:
    c, z = 1 + a0 / a1, b0 / a1**2
    kernel = sp.besseli if z > 0 else sp.besselj
    x = 2 * sp.sqrt(abs(z))
    ratio = a1 * sp.sqrt(abs(z)) * kernel(c - 2, x) / kernel(c - 1, x)
    return Family(
        "Lommel: contiguous 0F1, ratio of Bessel functions (0F1)",
        {"k": a1, "c": c, "z": z},
        ratio,
        "k*(c + n - 1)",
        "k**2*z",
        (
            "G(n) = 0F1(; c+n; z)/gamma(c+n), x = c+n: G(n-1) = (x-1) G(n) + z G(n+1); coefficients of z^j:",
            'x = symbols("x")',
            "assert expand((x + j - 1) - (x - 1) - j) == 0",
        ),
        (
            "f(n) = k G(n-1)/G(n) ~ k n, as 0F1(; c+n; z) -> 1; another solution's is ~ -b/(k n): G is minimal,",
            PINCHERLE,
        ),
        lambda: (ratio, ""),
    )


def _kummer(a0: Expr, a1: Expr, b0: Expr, b1: Expr) -> Family:
    z = -b1 / a1**2
    c = a0 / a1 + 1 - z
    p = c - 1 - b0 / b1
    ratio = a1 * (c - 1) * sp.hyper([p], [c - 1], z) / sp.hyper([p], [c], z)
    return Family(
        "Kummer-Perron: contiguous 1F1",
        {"k": a1, "p": p, "c": c, "z": z},
        ratio,
        "k*(c + n - 1 + z)",
        "-k**2*z*(c + n - 1 - p)",
        (
            "G(n) = 1F1(p; c+n; z)/gamma(c+n), x = c+n: G(n-1) = (x-1+z) G(n) - z (x-p) G(n+1); coefficients of z^j:",
            'x, p = symbols("x p")  # over that of z^(j-1) in G(n); g is that of z^j in G(n)',
            "g = (p + j - 1)/((x + j - 1)*j)",
            "assert simplify((x + j - 1)*g - (x - 1)*g - 1 + (x - p)/(x + j - 1)) == 0",
        ),
        (
            "f(n) = k G(n-1)/G(n) ~ k n, as 1F1(p; c+n; z) -> 1; another solution's tends to a number: G is minimal,",
            PINCHERLE,
        ),
        lambda: kummer(a1, p, c, z),
    )


def _parabolic(a0: Expr, b0: Expr, b1: Expr) -> Family | None:
    if a0 == 0 or b1 < 0:
        return None
    k = sp.sqrt(b1) * sp.sign(a0)
    x, order = sp.Abs(a0) / sp.sqrt(b1), 1 + b0 / b1

    def cylinder(v: Expr) -> Expr:  # D_v(x) without the factor exp(-x^2/4), by 1F1
        y = x**2 / 2
        return (
            2 ** (v / 2)
            * sp.sqrt(sp.pi)
            * (
                _reciprocal((1 - v) / 2) * sp.hyper([-v / 2], [sp.Rational(1, 2)], y)
                - sp.sqrt(2) * x * _reciprocal(-v / 2) * sp.hyper([(1 - v) / 2], [sp.Rational(3, 2)], y)
            )
        )

    return Family(
        "Laplace-Whittaker: contiguous parabolic cylinder functions (1F1)",
        {"k": k, "x": x, "p": order},
        k * cylinder(1 - order) / cylinder(-order),
        "k*x",
        "k**2*(p + n - 1)",
        ("G(n) = D_(-p-n)(x), parabolic cylinder function: D_(v+1) = x D_v - v D_(v-1) (DLMF 12.8.1)",),
        (
            "x > 0: D_(-p-n)(x) is minimal, against D_(-p-n)(-x), their ratio ~ exp(-2 x sqrt(n)) (DLMF 12.10),",
            PINCHERLE,
        ),
        lambda: parabolic(k, x, order),
    )


def _reciprocal(x: Expr) -> Expr:
    """1/Gamma(x)."""
    return sp.S.Zero if x.is_Integer and x <= 0 else 1 / sp.gamma(x)


def _roots(b0: Expr, b1: Expr, b2: Expr) -> tuple[Expr, Expr]:
    """r, s with b(n) = b2 (n + r)(n + s); complex ones too."""
    root = sp.sqrt(b1**2 - 4 * b0 * b2)
    return sp.expand((b1 - root) / (2 * b2)), sp.expand((b1 + root) / (2 * b2))


def _tricomi(a0: Expr, a1: Expr, b0: Expr, b1: Expr, b2: Expr) -> Family | None:
    k = a1 / 2
    r, s = _roots(b0, b1, b2)
    p, c = 1 + r, 1 + r - s
    z = a0 / k - 1 - b1 / b2
    if not z > 0:
        return _doubled(k, r, s) if z == 0 and r.is_real else None
    one, other = (
        (sp.gamma(1 - c) if not (1 - c).is_Integer else sp.nan),
        (sp.gamma(c - 1) if not (c - 1).is_Integer else sp.nan),
    )

    def confluent(q: Expr) -> Expr:  # U(q, c, z) where c is not whole
        return one * _reciprocal(q - c + 1) * sp.hyper([q], [c], z) + other * _reciprocal(q) * z ** (1 - c) * sp.hyper(
            [q - c + 1], [2 - c], z
        )

    return Family(
        "Tricomi-Perron: contiguous U(a, c, z) (1F1)",
        {"k": k, "p": p, "c": c, "z": z},
        k * confluent(p - 1) / confluent(p),
        "k*(2*(p + n) - c + z)",
        "-k**2*(p + n - 1)*(p + n - c)",
        ("G(n) = U(p+n, c, z): G(n-1) = (2 (p+n) - c + z) G(n) - (p+n)(p+n-c+1) G(n+1) (DLMF 13.3.7)",),
        ("z > 0: U(p+n, c, z) is minimal as n -> oo (DLMF 13.3.7, 13.8; Perron),", PINCHERLE),
        lambda: tricomi(k, p, c, z),
    )


def _doubled(k: Expr, r: Expr, s: Expr) -> Family:
    """The tails k (n + r) and k (n + s) themselves."""
    large = r if r >= s else s
    return Family(
        "Euler's form with linear tails",
        {"k": k, "r": large, "s": r + s - large},
        k * large,
        "k*(2*n + 1 + r + s)",
        "-k**2*(n + r)*(n + s)",
        ("f(n) = k (n + r) satisfies f(n) = a(n) + b(n+1)/f(n+1):",),
        (
            "f(n) = a(n) + b(n+1)/f(n+1); against k (n + s) it is minimal, as r >= s: the series of the products of",
            "f/(f - a), ~ n^(r-s-1), diverges, so the fraction converges to f(0) (Waadeland's tail theorem)",
            "f(0) = k r",
        ),
        lambda: (k * large, ""),
    )


def _gauss(a0: Expr, a1: Expr, b0: Expr, b1: Expr, b2: Expr) -> Family | None:
    size = sp.sqrt(a1**2 + 4 * b2)
    lead = a1 if a1 != 0 else a0
    if lead == 0:
        return None
    k = size * sp.sign(lead)
    z = sp.radsimp((1 - a1 / k) / 2)
    r, s = _roots(b0, b1, b2)
    c = sp.radsimp(sp.expand(1 + (1 + b1 / b2) / 2 + (a0 - a1 * (1 + b1 / b2) / 2) / k))
    p, q = sp.expand(c - 1 - r), sp.expand(c - 1 - s)
    ratio = k * (1 - z) * (c - 1) * sp.hyper([p, q], [c - 1], z) / sp.hyper([p, q], [c], z)
    if a1 != 0:
        why = (
            "f(n) ~ k (1-z) n as 2F1(p, q; c+n; z) -> 1 (DLMF 15.12.2), another solution's is ~ -k z n, "
            "and |z| < |1-z|: G is minimal,"
        )
    else:
        why = (
            "z = 1/2: the solutions with k and -k have f(n) = (+-k n/2)(1 + x/n + O(1/n^2)) (DLMF 15.12.2), "
            "x with and without + 2 a/k > 0 between them: G is minimal,"
        )
    return Family(
        "Gauss-Noerlund: contiguous 2F1",
        {"k": k, "p": p, "q": q, "c": c, "z": z},
        ratio,
        "k*(c + n - 1 - (2*(c + n) - p - q - 1)*z)",
        "k**2*z*(1 - z)*(c + n - 1 - p)*(c + n - 1 - q)",
        (
            "G(n) = 2F1(p, q; c+n; z)/gamma(c+n), x = c+n: "
            "(1-z) G(n-1) = (x-1 - (2x-p-q-1) z) G(n) + z (x-p)(x-q) G(n+1):",
            'x, p, q = symbols("x p q")  # coefficients of z^j over that of z^(j-1) in G(n)',
            "g = (p + j - 1)*(q + j - 1)/((x + j - 1)*j)",
            "assert simplify(j*g - (x + j - 2) + 2*x - p - q - 1 - (x - p)*(x - q)/(x + j - 1)) == 0",
        ),
        (why, PINCHERLE.replace("k G(-1)/G(0)", "k (1-z) G(-1)/G(0)")),
        lambda: gauss(k, p, q, c, z),
    )


def hypergeometric(found: Family) -> tuple[Expr, str, bool]:
    """f(0): in closed form where a special value is known, else as the ratio; the theorem; whether closed."""
    try:
        value, named = found.closing()
    except Unsolved:
        return found.ratio, found.theorem, False
    return value, found.theorem + (f"; {named}" if named else ""), True
