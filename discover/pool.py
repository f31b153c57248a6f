"""A pool of local processes that survives the death of any of them."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

import multiprocess as mp
from multiprocess.connection import Connection, Pipe, wait

START_TRIES = 3
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_context = mp.get_context("spawn")


class WorkerDied(BrokenExecutor):
    """The process that ran a task was killed or crashed; the pool has replaced it."""


class RemoteTraceback(Exception):
    """Where in a worker an exception came from: the `__cause__` of what a Future raises."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class InlineExecutor(Executor):
    """Runs each task at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Run `fn`; the Future is done when this returns."""
        future: Future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class LocalPool(Executor):
    """`workers` spawned processes, one pipe each, one task at a time each.

    A manager thread hands out tasks in the order of submission and notices death by the end of a pipe: the task's
    Future raises WorkerDied and a new process takes the place. Workers ignore Ctrl-C (the parent stops them) and end
    by themselves when the parent is gone.
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ValueError("a pool has at least one worker")
        self._size = workers
        self._tasks: deque[tuple[Future, tuple[Any, ...]]] = deque()
        self._mutex = threading.Lock()
        self._wake_read, self._wake_write = Pipe(duplex=False)
        self._closing = False
        self._cancel = False
        self._failed_starts = 0
        self._broken: Exception | None = None
        self._workers: list[_Worker] = []
        self._manager = threading.Thread(target=self._manage, name="discover-pool", daemon=True)
        self._manager.start()
        atexit.register(self._stop)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Queue a task; `fn` must be importable by name in another process."""
        future: Future = Future()
        with self._mutex:
            if self._closing:
                raise self._broken or RuntimeError("the pool is shut down")
            self._tasks.append((future, (fn, args, kwargs)))
        self._wake()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Finish what is queued (or cancel it, killing what runs), then end the processes."""
        with self._mutex:
            self._closing = True
            self._cancel = self._cancel or cancel_futures
        self._wake()
        if wait:
            self._manager.join()
        atexit.unregister(self._stop)

    def _stop(self) -> None:
        self.shutdown(cancel_futures=True)

    @property
    def pids(self) -> list[int]:
        """Process ids of the living workers."""
        return [w.process.pid for w in list(self._workers)]

    def _wake(self) -> None:
        with suppress(OSError, ValueError):  # the manager is gone
            self._wake_write.send_bytes(b"")

    # -- the manager thread -------------------------------------------------------------------------------------------

    def _manage(self) -> None:
        try:
            while self._step():
                pass
        except Exception as error:  # never leave a Future waiting for ever
            with self._mutex:
                self._closing, self._broken = True, error
            for worker in self._workers:
                worker.fail(error)
            with self._mutex:
                while self._tasks:
                    future = self._tasks.popleft()[0]
                    if future.set_running_or_notify_cancel():
                        future.set_exception(error)
        finally:
            for worker in self._workers:
                worker.stop()
            self._workers.clear()

    def _step(self) -> bool:
        """Hand out tasks, wait for one event, deal with it. False: all done."""
        with self._mutex:
            if self._cancel:
                while self._tasks:
                    self._tasks.popleft()[0].cancel()
                for worker in self._workers:
                    worker.fail(WorkerDied("the pool was shut down"))
                return False
            if self._closing and not self._tasks and all(w.future is None for w in self._workers):
                return False
        while len(self._workers) < self._size:
            self._workers.append(_Worker())
        self._hand_out()
        ready = wait([self._wake_read, *(w.connection for w in self._workers)])
        if self._wake_read in ready:
            while self._wake_read.poll():
                self._wake_read.recv_bytes()
        for worker in [w for w in self._workers if w.connection in ready]:
            try:
                worker.receive()
                self._failed_starts = 0
            except (EOFError, OSError):
                self._bury(worker)
        return True

    def _hand_out(self) -> None:
        for worker in self._workers:
            while worker.ready and worker.future is None:
                with self._mutex:
                    if not self._tasks:
                        return
                    future, task = self._tasks.popleft()
                if future.set_running_or_notify_cancel():
                    worker.send(future, task)

    def _bury(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.stop()
        code = worker.process.exitcode
        why = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
        worker.fail(WorkerDied(f"a worker process died ({why})"))
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= START_TRIES:
                raise RuntimeError(f"worker processes cannot start ({why})")


class _Worker:
    """One process as the manager sees it."""

    def __init__(self) -> None:
        self.connection, theirs = Pipe()
        self.ready = False
        self.future: Future | None = None
        with _child_surroundings():
            self.process = _context.Process(target=_work, args=(theirs,), daemon=True)
            self.process.start()
        theirs.close()

    def send(self, future: Future, task: tuple[Any, ...]) -> None:
        self.future = future
        try:
            self.connection.send(task)
        except OSError:
            pass  # dead: the manager will see the end of the pipe
        except Exception as error:  # cannot be pickled
            self.fail(error)

    def receive(self) -> None:
        message = self.connection.recv()
        if message is None:
            self.ready = True
            return
        future, self.future = self.future, None
        ok, value, trace = message
        if future is None:
            return
        if ok:
            future.set_result(value)
        else:
            value.__cause__ = RemoteTraceback(trace)
            future.set_exception(value)

    def fail(self, error: BaseException) -> None:
        future, self.future = self.future, None
        if future is not None:
            future.set_exception(error)

    def stop(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()


@contextmanager
def _child_surroundings() -> Iterator[None]:
    """What a child inherits at its start: Ctrl-C blocked from its first instruction, one thread for numerical
    libraries, and no main module: tasks are importable functions, so a caller's script is not run again in a child."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _work(connection: Connection) -> None:
    """The life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):  # the parent is gone
        connection.send(None)
        while True:
            fn, args, kwargs = connection.recv()
            try:
                message = (True, fn(*args, **kwargs), "")
            except Exception as error:
                message = (False, error, traceback.format_exc())
            try:
                connection.send(message)
            except OSError:
                return
            except Exception as error:  # the result or exception cannot be pickled
                connection.send((False, RuntimeError(f"{error}: {message[1]!r}"), message[2]))
    os._exit(0)


def _end_with_parent() -> None:
    """A task may run for minutes; without its parent nobody wants the result."""
    parent = mp.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
