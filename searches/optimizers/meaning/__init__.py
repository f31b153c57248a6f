"""What a found optimizer means, as texts: what `discover show` prints."""

from __future__ import annotations

from primitives.canonical import canonical
from primitives.hero import HERO
from primitives.liveness import without_dead_code
from primitives.program import Program
from primitives.text import format_program
from searches.optimizers.meaning.certificates import certificates
from searches.optimizers.meaning.classify import classify
from searches.optimizers.meaning.relatives import relatives


def explain(program: Program, raw: Program | None = None) -> list[tuple[str, str]]:
    """Headings and texts for a program over a subset of HERO; `raw` is the program as it was bred, if it was kept."""
    parts = []
    if raw is not None:
        alive = without_dead_code(raw)
        n, dead = len(raw.instructions), len(raw.instructions) - len(alive.instructions)
        parts.append((f"as bred: {n} statements", format_program(raw, HERO)))
        if dead:
            parts.append((f"without the {dead} that no update depends on", format_program(alive, HERO)))
    form = canonical(program, HERO)
    parts.append((f"canonical form: {len(form.instructions)} statements", format_program(form, HERO)))
    kind = classify(form)
    parts.append(("what it is", f"{kind.words}{f' (tier {kind.tier})' if kind.tier else ''}"))
    shown = certificates(form)
    width = max(len(c.name) for c in shown)
    lines = [f"{c.name:{width}}  {c.verdict:13}  {c.how}" for c in shown]
    parts.append(("what holds for all gradients", "\n".join(lines)))
    near = [f"{r.distance:.3g}  {r.name}, {r.fitted}" for r in relatives(form)]
    parts.append(("nearest known optimizers, by what they do (0: the same, 1: unrelated)", "\n".join(near)))
    return parts
