"""One search, one digest: on 1, 2 and 8 workers, under several PYTHONHASHSEEDs, and killed with SIGKILL at random
moments and resumed, each time on other numbers of workers and under another hash seed.

    python -m benchmarks.determinism [--json] [--kills 50] [--budget 10000] [--search functions/exp2]

The digest covers every generation's records, bit for bit, and the finds.
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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discover.store import DATABASE, Store

KILLS_A_RUN = 5
STARTING = 0.2  # share of the kills that hit a process before its first generation


@dataclass(frozen=True)
class Job:
    """A search to run in processes of its own."""

    search: str = "functions/exp2"
    seed: int = 0
    budget: int = 10_000
    settings: Sequence[str] = ("strategy.batch=256", "run.chunk=16")  # many generations, and work for 8 workers in each

    def start(self, folder: Path, workers: int = 1, hash_seed: int = 0) -> subprocess.Popen:
        """Begin, or continue what the folder holds. The progress of each generation comes as a JSON line of stderr."""
        if (folder / DATABASE).exists():
            arguments = ["resume", str(folder)]
        else:
            arguments = ["run", self.search, "--out", str(folder)]
            arguments += ["--seed", str(self.seed), "--budget", str(self.budget)]
            arguments += [word for setting in self.settings for word in ("--set", setting)]
        return subprocess.Popen(
            [sys.executable, "-m", "discover", *arguments, "--workers", str(workers), "--progress", "json"],
            env=os.environ | {"PYTHONHASHSEED": str(hash_seed)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def undisturbed(self, folder: Path, workers: int = 1, hash_seed: int = 0) -> str:
        """The digest of a run from its beginning, or from where it was killed, to its end."""
        finish(self.start(folder, workers, hash_seed))
        return digest(folder)


def finish(running: subprocess.Popen) -> None:
    """Wait for the end of a run."""
    errors = running.communicate()[1]
    if running.returncode:
        sys.exit(f"the run failed with exit code {running.returncode}: {errors[-500:]}")


def reach(running: subprocess.Popen, generation: int) -> bool:
    """Wait until a process has stored so many generations; False if it ended before."""
    for line in running.stderr or ():
        if line.startswith("{") and json.loads(line)["generation"] >= generation:
            return True
    running.wait()
    return False


def digest(folder: Path) -> str:
    """The digest of a finished run, every generation checked against its own."""
    with Store.read(folder) as store:
        store.check()
        assert store.status == "done", f"{folder} is {store.status}"
        return store.digest()


def kill_and_resume(job: Job, folder: Path, kills: int, generations: int, seconds: float, rng: random.Random) -> int:
    """Run, killed at most so many times at moments spread over the generations, `seconds` each; then to the end.

    Returns the number of kills.
    """
    done = 0
    for generation in sorted(rng.randint(1, generations) for _ in range(kills)):
        running = job.start(folder, rng.choice([1, 2, 8]), rng.randrange(2**32))
        if rng.random() < STARTING:
            time.sleep(rng.uniform(0.0, 3.0))
        elif not reach(running, generation):
            continue
        time.sleep(rng.uniform(0.0, 2.0 * seconds))
        done += running.poll() is None
        running.kill()
        running.communicate()
    job.undisturbed(folder)
    return done


def main() -> None:
    """Print the table, or one JSON object; exit with 1 if a digest differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--search", default=Job.search)
    parser.add_argument("--budget", type=int, default=Job.budget)
    parser.add_argument("--seed", type=int, default=Job.seed)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    job = Job(options.search, options.seed, options.budget)
    rng = random.Random(options.seed)
    rows: list[dict[str, Any]] = []

    def note(run: str, found: str, kills: int = 0) -> None:
        rows.append({"run": run, "kills": kills, "equal": found == reference})
        if not options.json:
            print(f"{run:36} {kills:3} kills  {'same digest' if found == reference else 'OTHER DIGEST'}", flush=True)

    with tempfile.TemporaryDirectory() as root:
        reference = job.undisturbed(Path(root, "reference"))
        with Store.read(Path(root, "reference")) as store:
            generations, seconds = len(store.generations()), sum(store.timings().values())
        if not options.json:
            print(f"{job.search}, {job.budget:,} candidates, {generations} generations, digest {reference[:16]}\n")
        for workers in (1, 2, 8):
            note(f"{workers} worker{'s' * (workers > 1)}", job.undisturbed(Path(root, f"workers{workers}"), workers))
        for hash_seed in (1, 2, 3):
            note(f"PYTHONHASHSEED={hash_seed}", job.undisturbed(Path(root, f"hash{hash_seed}"), 1, hash_seed))
        left, number = options.kills, 0
        while left > 0:
            number += 1
            folder = Path(root, f"killed{number}")
            kills = kill_and_resume(job, folder, min(left, KILLS_A_RUN), generations, seconds / generations, rng)
            left -= kills
            note(f"killed and resumed, {number}", digest(folder), kills)
    kills, equal = sum(row["kills"] for row in rows), sum(row["equal"] for row in rows)
    if options.json:
        figures = {"search": job.search, "budget": job.budget, "generations": generations, "digest": reference}
        print(json.dumps(figures | {"kills": kills, "equal": equal, "runs": len(rows), "rows": rows}))
    else:
        print(f"\n{kills} kills; digests equal: {equal} of {len(rows)}, ratio {equal / len(rows):.2f}")
    sys.exit(equal != len(rows))


if __name__ == "__main__":
    main()
