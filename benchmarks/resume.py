"""A search killed with SIGKILL at random moments and resumed, on other numbers of workers and other hash seeds: the
digest of its store must equal the undisturbed run's.

    python -m benchmarks.resume [--search functions/exp2] [--budget N] [--kills 50] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from discover.store import DATABASE, Store

Options = argparse.Namespace


def command(folder: Path, options: Options, workers: int) -> list[str]:
    """Begin a run, or continue it."""
    discover = [sys.executable, "-m", "discover"]
    if (folder / DATABASE).exists():
        return [*discover, "resume", str(folder), "--workers", str(workers), "--progress", "json"]
    begin = ["run", options.search, "--out", str(folder), "--workers", str(workers), "--progress", "json"]
    return [
        *discover,
        *begin,
        "--seed",
        str(options.seed),
        *(["--budget", str(options.budget)] if options.budget else []),
    ]


def start(folder: Path, options: Options, workers: int = 1, hash_seed: str = "random") -> subprocess.Popen:
    """A run in a process of its own."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    return subprocess.Popen(
        command(folder, options, workers), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def finish(running: subprocess.Popen) -> None:
    """Wait for the end of a run."""
    errors = running.communicate()[1].decode()
    if running.returncode:
        sys.exit(f"the run failed with exit code {running.returncode}: {errors[-500:]}")


def outcome(folder: Path) -> tuple[str, int]:
    """Digest and number of generations of a run, checked."""
    with Store.read(folder) as store:
        store.check()
        return store.digest(), len(store.generations())


def undisturbed(folder: Path, options: Options, workers: int, hash_seed: str) -> tuple[str, int]:
    """A run from beginning to end."""
    finish(start(folder, options, workers, hash_seed))
    return outcome(folder)


def killed(folder: Path, options: Options, rng: random.Random, kills: int, seconds: float) -> tuple[str, int]:
    """A run killed so many times (fewer if it ends before), each time within `seconds` of its first generation or, one
    time in five, while it starts; then resumed to its end. Returns its digest and the number of kills."""
    done = 0
    while done < kills:
        running = start(folder, options, rng.choice([1, 2]), str(rng.randrange(1000)))
        if rng.random() < 0.2:
            time.sleep(rng.uniform(0, 1))
        else:
            running.stderr.readline()
            time.sleep(rng.uniform(0, seconds))
        if running.poll() is not None:
            break
        running.kill()
        running.wait()
        done += 1
    if not done or not _done(folder):
        finish(start(folder, options))
    return outcome(folder)[0], done


def _done(folder: Path) -> bool:
    if not (folder / DATABASE).exists():
        return False
    with Store.read(folder) as store:
        return store.status == "done"


def main() -> None:
    """Print the table, or one JSON object; exit with 1 if a digest differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--search", default="functions/exp2")
    parser.add_argument("--budget", type=int, help="candidates (default: the spec's)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    rows = []
    with tempfile.TemporaryDirectory() as root:
        begun = time.perf_counter()
        reference, generations = undisturbed(Path(root, "reference"), options, 1, "0")
        seconds = time.perf_counter() - begun
        for workers, hash_seed in ((1, "1"), (2, "2"), (8, "3")):
            digest, _ = undisturbed(Path(root, f"workers{workers}"), options, workers, hash_seed)
            rows.append(
                {"run": f"{workers} workers, PYTHONHASHSEED={hash_seed}", "kills": 0, "same": digest == reference}
            )
        left, number = options.kills, 0
        while left > 0:
            number += 1
            digest, kills = killed(Path(root, f"killed{number}"), options, rng, left, 2 * seconds / options.kills)
            left -= kills
            rows.append({"run": f"killed and resumed, {number}", "kills": kills, "same": digest == reference})
    total = sum(row["kills"] for row in rows)
    same = sum(row["same"] for row in rows)
    if options.json:
        summary = {"search": options.search, "generations": generations, "kills": total, "digest": reference}
        print(json.dumps(summary | {"same": same, "runs": len(rows), "rows": rows}))
    else:
        print(f"{options.search}, {generations} generations, digest {reference[:16]}\n")
        for row in rows:
            print(f"{row['run']:40} {row['kills']:3} kills   {'same digest' if row['same'] else 'OTHER DIGEST'}")
        print(f"\n{same} of {len(rows)} runs have the digest of the undisturbed one; {total} kills in all")
    sys.exit(same != len(rows))


if __name__ == "__main__":
    main()
