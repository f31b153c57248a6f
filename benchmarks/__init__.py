"""Speed, measured beside the peers. Run as `python -m benchmarks.NAME`; the tests never time anything."""
