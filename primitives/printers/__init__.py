"""Programs as source text: NumPy, C99, sympy, LaTeX. Nothing here is imported by what it prints."""

from primitives.printers.c99 import to_c
from primitives.printers.python import to_python
from primitives.printers.source import NoSpelling
from primitives.printers.symbolic import to_latex, to_sympy

__all__ = ["NoSpelling", "to_c", "to_latex", "to_python", "to_sympy"]
