"""A formula as a statement of Lean 4 with Mathlib: convergents by their recurrence, and their limit.

The statement is not proved in Lean: it ends in `sorry`, and the file says whether it is a conjecture or proved
elsewhere. The files have not been through a Lean compiler.
"""
# ruff: noqa: RUF001 - Lean's own letters

from __future__ import annotations

from discover.document import comment
from discover.errors import UserError
from searches.constants import notation
from searches.constants.export.common import Export
from searches.constants.fraction import Fraction, Poly
from searches.constants.subject import library_of


def write(export: Export) -> str:
    """The whole file. Raises UserError where Mathlib has no word for a constant."""
    formula = export.sheet.formula
    closed = formula.lean(library_of(export.sheet.key)) if formula is not None else None
    if formula is None or closed is None:
        lacks = "its value has no closed form"
        if formula is not None:
            lacks = f"Mathlib has no word for a part of {formula.text}"
        raise UserError(f"{export.name}: {lacks}; choose another format")
    proof = export.sheet.proof
    match proof.status:
        case "PROVED":
            status = [f"Proved, though not here in Lean: {proof.theorem}.", "The certificate is the format `proof`."]
        case "FAMILY":
            status = [
                f"CONJECTURE: of the family of {proof.theorem};",
                "the value in this case was only matched by digits.",
            ]
        case _:
            status = [f"CONJECTURE: {export.document.objective('digits'):.0f} digits agree, no proof is known to us."]
    fraction = export.fraction
    lines = [
        "import Mathlib",
        "",
        f"namespace {export.name}",
        "",
        *_sequence("a", "partial denominators", fraction, 0),
        "",
        *_sequence("b", "partial numerators", fraction, 1),
        "",
        "/-- Numerators of the convergents. -/",
        "def p : ℕ → ℤ",
        "  | 0 => a 0",
        "  | 1 => a 1 * a 0 + b 1",
        "  | n + 2 => a (n + 2) * p (n + 1) + b (n + 2) * p n",
        "",
        "/-- Denominators of the convergents. -/",
        "def q : ℕ → ℤ",
        "  | 0 => 1",
        "  | 1 => a 1",
        "  | n + 2 => a (n + 2) * q (n + 1) + b (n + 2) * q n",
        "",
    ]
    for n in (2, 5):
        up, down = fraction.convergent(n)
        lines.append(f"example : p {n} = {up} ∧ q {n} = {down} := by\n  first | norm_num [p, q, a, b] | decide")
    lines += [
        "",
        f"/-- {export.sheet.text} = {notation.nested(fraction, latex=False)}",
        *status,
        "-/",
        f"theorem {export.name}_limit :",
        "    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop",
        f"      (nhds ({closed})) := by",
        "  sorry",
        "",
        f"end {export.name}",
        f"-- discover: {export.document.line}",
    ]
    return comment(export.header, "--") + "\n".join(lines) + "\n"


def _sequence(letter: str, what: str, fraction: Fraction, part: int) -> list[str]:
    polys = [block[part] for block in fraction.blocks]
    head = [f"/-- The {what}. -/"]
    if len(polys) == 1:
        return [*head, f"def {letter} (n : ℕ) : ℤ := {_polynomial(polys[0], '(n : ℤ)')}"]
    k = len(polys)
    cases = [f"  if n % {k} = {i} then {_polynomial(p, 'm')} else" for i, p in enumerate(polys[:-1])]
    return [
        *head,
        f"def {letter} (n : ℕ) : ℤ :=",
        f"  let m : ℤ := ((n / {k} : ℕ) : ℤ)",
        *cases,
        f"  {_polynomial(polys[-1], 'm')}",
    ]


def _polynomial(p: Poly, variable: str) -> str:
    """In Lean's notation."""
    text = ""
    for power, c in reversed(list(enumerate(p))):
        if c:
            sign = ("-" if c < 0 else "") if not text else " - " if c < 0 else " + "
            size = "" if abs(c) == 1 and power else str(abs(c))
            raised = "" if power == 0 else variable if power == 1 else f"{variable} ^ {power}"
            text += sign + size + (" * " if size and raised else "") + raised
    return text or "0"
