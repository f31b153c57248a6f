"""What evolution starts from: recurrences that keep their form under n -> -1 - n, with coefficients 1.

u_(n+1) = a(n) u_n + b(n) u_(n-1) keeps its form under n -> -1 - n if a(-1-n) = +-a(n) and b(-n) = b(n): then a is a
polynomial in n (n + 1), times 2 n + 1 or not, and b one in n^2. Of the conditions for convergents to reduce fully (see
dynamics.curvature) every other one then holds by symmetry, and a program that has n (n + 1) and n^2 as parts keeps the
symmetry when its constants change. None of these is a formula of anything (a test says so), and mutations lead away
from them freely.
"""

from __future__ import annotations

from primitives.program import Program
from primitives.text import parse
from searches.constants.fraction import INTEGER, signature

FORMS = (
    "m = n + 1.0\na = m + n + n\nb = m",
    "m = n + 1.0\na = n + m\nb = -square(n)",
    "m = n + 1.0\nu = n * m\na = u + 1.0\nb = -square(square(n))",
    "m = n + 1.0\nu = n * m\na = (n + m) * (u + 2.0)\nq = square(n)\nb = -(q * square(q))",
    "m = n + 1.0\nu = n * m\na = u * (u + 1.0) + 1.0\nb = -square(square(square(n)))",
)


def starts(least: int, degree: int) -> tuple[Program, ...]:
    """Those whose b is of at least and at most this degree."""
    programs = (parse(text, signature(), INTEGER) for text in FORMS)
    return tuple(p for p, d in zip(programs, (1, 2, 4, 6, 8), strict=True) if least <= d <= degree)
