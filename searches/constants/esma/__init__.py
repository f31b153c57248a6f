"""Signed simple continued fractions of constants and their patterns: ESMA (arXiv 2212.09470).

expressions   which P(c)/Q(c) there are, one of each class with a common tail
seeds         which constants are walked over
numbers       both together, with as much precision as each needs
quotients     exact partial quotients from limbs (Lehmer)
signs         signed fractions out of the regular one
massey        linear recurrences of the terms
scan          these together, compiled, for many expressions
pattern       from a recurrence to an interlaced polynomial fraction and its closed form
classes       hits with a tail in common merged and verified
closed        the formula of such a fraction, from scratch
sweep         the search as the engine sees it
"""
