"""What is known of 2^x on (0, 1): for tests and reports only. Nothing that scores or breeds may import this module.

Largest relative errors, in exact arithmetic, constants free reals. Polynomials: Remez, as by Sollya 8.0. Forms: by
multiprecision Remez; those of 2 to 5 operations were found optimal by exhaustive enumeration. `remez.polish` reproduces
them (tests/test_functions_remez.py).
"""

from __future__ import annotations

from primitives.program import Program, Signature
from searches.functions.forms import Formula, X

# degree -> error of the minimax polynomial; Horner's scheme takes 2 operations a degree
POLYNOMIAL = {
    1: 2.982e-2, 2: 1.725e-3, 3: 7.478e-5, 4: 2.593e-6, 5: 7.494e-8, 6: 1.856e-9, 7: 4.021e-11,
}  # fmt: skip

# operations -> (form, error): the best of Horner, preconditioned polynomials, continued fractions and fdlibm's form,
# with squarings
TEXTBOOK = {
    1: ("x + c", 3.560e-2),
    2: ("linear", 2.982e-2),
    3: ("J[1/1]", 8.672e-4),
    4: ("J[1/1]^2", 2.168e-4),
    5: ("C1", 4.341e-6),
    6: ("C1^2", 2.733e-7),
    7: ("C1^4", 1.711e-8),
    8: ("C1^8", 1.070e-9),
    9: ("C1^16", 6.688e-11),
    10: ("J[3/3]^2", 1.455e-12),
}

# operations -> (form, error): the best that anybody is known to have found (AutoNumerics-Zero's f10 is C2^8, printed
# with constants that reach 3.553e-15)
BEST_KNOWN = TEXTBOOK | {
    7: ("C2", 5.636e-10),
    8: ("C2^2", 8.937e-12),
    9: ("C2^4", 1.401e-13),
    10: ("C2^8", 2.192e-15),
}


def fraction(level: int) -> Formula:
    """J[n/n]: c0 + a1/(x + b1 + a2/(x + b2 + ...)), constants 1."""
    y = X + 1.0
    for _ in range(level - 1):
        y = (X + 1.0) + 1.0 / y
    return 1.0 + 1.0 / y


def c1() -> Formula:
    """c0 + c1/(c2 + x + a/x): fdlibm's form of the exponential function, which is a hyperbolic cotangent."""
    return 1.0 + 1.0 / (1.0 + (X + 1.0 / X))


def c2() -> Formula:
    """c0 + c1/(c2 + t + b/t) with t = x + a/x: the kernel of AutoNumerics-Zero's f10."""
    t = X + 1.0 / X
    return 1.0 + 1.0 / (1.0 + (t + 1.0 / t))


def squared(y: Formula, times: int) -> Formula:
    """y^(2^times), by squarings."""
    for _ in range(times):
        y = y * y
    return y


def forms(signature: Signature) -> dict[str, Program]:
    """Form -> program, constants 1."""
    j, c = fraction(1), c1()
    programs = {"linear": X * 1.0 + 1.0, "J[1/1]": j, "J[1/1]^2": squared(j, 1), "J[3/3]^2": squared(fraction(3), 1)}
    programs |= {f"C1^{2**k}" if k else "C1": squared(c, k) for k in range(5)}
    programs |= {f"C2^{2**k}" if k else "C2": squared(c2(), k) for k in range(4)}
    return {name: formula.program(signature) for name, formula in programs.items()}


def minimax_polynomial(operations: int) -> float | None:
    """Error of the minimax polynomial for Horner's scheme in so many operations (of an odd number, one less)."""
    return POLYNOMIAL.get(operations // 2)
