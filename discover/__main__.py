"""`python -m discover`."""

from __future__ import annotations

from discover.cli import main

if __name__ == "__main__":
    main()
