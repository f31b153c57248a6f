"""The command `discover`. Results go to stdout, progress and errors to stderr.

Exit codes: 0 done; 2 a mistake that the user can mend, told in one line; 3 interrupted, `discover resume` goes on.
"""

from __future__ import annotations

import os
import signal
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from discover import __version__, output
from discover.errors import UserError
from primitives.gpu.devices import DeviceError

if TYPE_CHECKING:
    from discover.progress import Progress
    from discover.runs import Observe, Run

MISTAKE, INTERRUPTED = 2, 3
_UsageError: Any = typer.BadParameter.__base__  # of click, or of the copy that typer carries
app = typer.Typer(
    help="Search spaces of small programs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, its name in ./runs, or 'latest'.")]
Workers = Annotated[int | None, typer.Option(help="Processes that score (no influence on results).")]
DeviceName = Annotated[str | None, typer.Option("--device", metavar="auto|cpu|cuda|cuda:N", help="What scores.")]
Show = Annotated[str, typer.Option("--progress", metavar="auto|plain|json", help="How progress is shown, on stderr.")]


def main() -> None:
    """Run the command line and exit."""
    # Before NumPy loads: workers are the parallelism, and sums must not depend on the number of cores.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    try:
        sys.exit(app(standalone_mode=False))
    except (UserError, DeviceError) as error:
        _complain(str(error))
    except _UsageError as error:
        context = error.ctx
        if context is not None and not sys.argv[1:]:
            print(context.get_help())
            sys.exit(MISTAKE)
        command = context.command_path if context is not None else "discover"
        _complain(f"{error.format_message().rstrip('.')}; see {command} --help")


def _complain(text: str) -> NoReturn:
    print(f"discover: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(MISTAKE)


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        print(f"discover-programs {__version__}")
        raise typer.Exit


@app.command("list")
def list_searches(as_json: Json = False) -> None:
    """List the searches there are."""
    from discover import registry, spec

    rows = []
    for name in registry.names():
        one = spec.load(name)
        rows.append({"name": name, "summary": one.summary, "strategy": one.strategy.name, "budget": one.run.budget})
    output.print_rows(rows, as_json)


@app.command("run")
def run_search(
    name: Annotated[str, typer.Argument(metavar="DOMAIN/NAME", help="A search of `discover list`, or a .toml spec.")],
    seed: Annotated[int | None, typer.Option(help="Every random number derives from it.")] = None,
    budget: Annotated[int | None, typer.Option(help="Candidates in all.")] = None,
    workers: Workers = None,
    device: DeviceName = None,
    out: Annotated[Path | None, typer.Option(help="The run folder (default: runs/ID).")] = None,
    sets: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override the spec.")] = None,
    show: Show = "auto",
) -> None:
    """Run a search; prints the run folder."""
    from discover import progress, runs, spec

    given = {"seed": seed, "budget": budget, "workers": workers, "device": device}
    overrides = [*(sets or ()), *(f"run.{key}={value}" for key, value in given.items() if value is not None)]
    progress.check(show)
    resolved = runs.settled(spec.load(name, overrides))
    title = f"{resolved.search}/{resolved.name}, seed {resolved.run.seed}"
    if resolved.run.device != "cpu":
        title += f", on {resolved.run.device}"
    with _stoppable() as stop, runs.start(resolved, out) as store, progress.observer(show, title) as observe:
        stop.folder = store.folder
        runs.continue_search(resolved, store, stop.after(observe))
    print(store.folder)


@app.command()
def resume(run: RunArgument, workers: Workers = None, device: DeviceName = None, show: Show = "auto") -> None:
    """Continue an interrupted run; prints the run folder."""
    from discover import doctor, progress, runs
    from discover.store import Store

    progress.check(show)
    loaded = runs.load(run)
    for difference in doctor.differences(loaded.environment):
        print(f"discover: this run began elsewhere ({difference}); last bits may differ", file=sys.stderr)
    with _stoppable() as stop, Store.open(loaded.folder) as store:
        stop.folder = loaded.folder
        if store.status != "done":
            with progress.observer(show, f"{loaded.name}, continued") as observe:
                runs.continue_search(loaded.on(workers, device), store, stop.after(observe))
    print(loaded.folder)


@app.command()
def top(
    run: RunArgument,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: Json = False,
) -> None:
    """List a run's finds, best first; also while it runs."""
    found = _load(run).top()[:limit]
    if as_json:
        output.print_json([e.data for e in found])
        return
    output.print_rows(
        [
            {"id": e.id, **e.find.objectives, **e.find.descriptors, "program": "; ".join(e.program.splitlines())}
            for e in found
        ]
    )


@app.command()
def report(
    run: RunArgument,
    picture: Annotated[
        Path | None,
        typer.Option(help="Also draw it: a .png or .svg file (needs [plot]); formulas: .html, .md."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Set a run's finds beside what is known already."""
    loaded = _load(run)
    if picture is not None and picture.suffix not in loaded.problem.pictures:
        *most, last = loaded.problem.pictures
        raise UserError(f"--picture {picture}: {loaded.name} draws {', '.join(most)} or {last} files")
    found = [e.find for e in loaded.top()]
    output.print_rows(loaded.problem.report(found), as_json)
    if not as_json and (remarks := loaded.problem.remarks(found)):
        print("", *remarks, sep="\n")
    if picture is not None:
        try:
            loaded.problem.picture(found, picture)
        except OSError as error:
            raise UserError(f"{picture}: cannot be written: {error.strerror}") from None


@app.command()
def funnel(run: RunArgument, as_json: Json = False) -> None:
    """Show how far a run's candidates came, and how its best did in meta-validation."""
    loaded = _load(run)
    table, meta = loaded.funnel(), loaded.meta()
    if as_json:
        output.print_json({"funnel": table, "meta": meta})
        return
    heads = dict.fromkeys(name for row in table for name in row)
    output.print_rows([{head: row.get(head, "") for head in heads} for row in table])
    if meta:
        print()
        output.print_rows(meta)
        best = min(meta, key=lambda row: row["meta-validation"])
        print(f"\nthe best in meta-validation was found by generation {best['generation']}")


@app.command()
def show(
    run: RunArgument,
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A find (default: the run itself).")] = None,
    as_json: Json = False,
) -> None:
    """Show a run, or one find with its whole program."""
    loaded = _load(run)
    if id is None:
        output.print_pairs(_about(loaded), as_json)
        return
    entry = loaded.find(id)
    meaning = loaded.explain(entry)
    if as_json:
        output.print_json(entry.data | {"provenance": loaded.provenance(entry), "meaning": dict(meaning)})
        return
    output.print_pairs({"id": entry.id, **entry.find.objectives, **entry.find.descriptors})
    print(f"\n{entry.program.rstrip()}\n")
    for heading, text in meaning:
        print(f"{heading}\n{textwrap.indent(text.rstrip(), '    ')}\n")
    print(f"export formats: {', '.join(loaded.problem.exporters)}")


@app.command()
def export(
    run: RunArgument,
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A find (default: the best).")] = None,
    to: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="See `discover show RUN ID` (default: first); or: artifact.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The file (default: stdout).")] = None,
) -> None:
    """Write a find out as code that stands alone, or as an artifact folder."""
    loaded = _load(run)
    if to == "artifact":
        if out is None:
            raise UserError("an artifact is a folder: name it with -o FOLDER")
        print(*loaded.artifact(out, id), sep="\n")
        return
    text = loaded.export(id, to)
    if out is None:
        print(text, end="")
        return
    from discover.artifact import write_text

    try:
        write_text(out, text)
    except OSError as error:
        raise UserError(f"{out}: cannot be written: {error.strerror}") from None
    print(out)


@app.command()
def verify(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A run, an artifact folder, or an exported file.")],
    as_json: Json = False,
) -> None:
    """Measure again what a run or a file claims; exit code 2 if something does not hold."""
    from discover.store import DATABASE

    if path == "latest" or (Path(path) / DATABASE).is_file() or (Path("runs") / path / DATABASE).is_file():
        checks = _load(path).verify()
    elif not Path(path).exists():
        raise UserError(f"{path}: no such file, folder or run")
    else:
        from discover import artifact

        checks = artifact.verify(path)
    output.report(checks, as_json)


@app.command()
def doctor(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="A run to check instead of the machine.")] = None,
    as_json: Json = False,
) -> None:
    """Check this machine and installation, or every digest of a run."""
    from discover.doctor import examine, examine_run

    output.report(list(examine() if run is None else examine_run(run)), as_json)


def _load(run: str) -> Run:
    from discover import runs

    return runs.load(run)


def _about(run: Run) -> dict[str, Any]:
    from discover.store import Store

    with Store.read(run.folder) as store:
        generations = store.generations()
        totals: Counter[str] = Counter()
        for generation in generations:
            totals.update({k: v for k, v in generation.row.items() if isinstance(v, int)})
        return {
            "run": str(run.folder),
            "search": run.name,
            "summary": run.config["summary"],
            "status": store.status,
            "seed": run.spec.run.seed,
            "budget": run.spec.run.budget,
            "strategy": run.spec.strategy.name,
            "config_hash": run.spec.config_hash,
            "digest": store.digest(),
            "generations": len(generations),
            **totals,
            **{f"seconds_{k}": round(v, 3) for k, v in store.timings().items()},
        }


class _Stop:
    """A request to end: the folder that can be resumed, and whether it was asked for."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.asked = False

    def __call__(self, *_: object) -> None:
        """The signal handler."""
        self.asked = True
        # Raised inside a callback from C, a KeyboardInterrupt is printed and lost, and the compiler fails later.
        sys.unraisablehook = lambda _: None
        raise KeyboardInterrupt

    def after(self, observe: Observe) -> Observe:
        """`observe`, and then the end if one that was asked for got lost."""

        def both(progress: Progress) -> None:
            observe(progress)
            if self.asked:
                raise KeyboardInterrupt

        return both


@contextmanager
def _stoppable() -> Iterator[_Stop]:
    """Ctrl-C and SIGTERM end the search between two transactions."""
    stop = _Stop()
    hook = sys.unraisablehook
    # Also where it was ignored on entry, as in a shell script's background job: whoever sends it means it.
    before = {sign: signal.signal(sign, stop) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    except BaseException as error:
        if isinstance(error, UserError) or not stop.asked:
            raise
        if stop.folder is None:
            print("discover: interrupted before the search began", file=sys.stderr)
        else:
            print(f"discover: interrupted; nothing is lost, go on with: discover resume {stop.folder}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        sys.unraisablehook = hook
        for sign, handler in before.items():
            signal.signal(sign, handler)
