"""Continued-fraction formulas of constants: found, identified and proved."""
