"""Proofs of formulas: exact value of a fraction by a classical theorem, compared with the formula exactly."""

from searches.constants.proof.prove import Proof, Status, prove

__all__ = ["Proof", "Status", "prove"]
