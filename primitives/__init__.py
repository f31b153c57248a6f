"""What programs are made of: primitives, programs, canonical form, fingerprint, evaluators, printers."""
