"""The certificate of a proof as a Python file: what is claimed, and identities that sympy checks."""

from __future__ import annotations

from discover.document import comment
from discover.errors import UserError
from searches.constants.export.common import Export


def write(export: Export) -> str:
    """The whole file. Raises UserError where there is no certificate."""
    proof = export.sheet.proof
    if not proof.certificate:
        raise UserError(f"{export.name}: {proof.status}, so there is no certificate; choose another format")
    lines = [
        *proof.certificate,
        "",
        f'print("{export.name}: selftest ok")',
        "",
        f"# discover: {export.document.line}",
    ]
    return (
        comment(export.header)
        + "\n# Running this file checks the certificate; needs sympy.\n"
        + "\n".join(lines)
        + "\n"
    )
