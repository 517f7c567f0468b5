"""One pattern for work off the main thread.

A frozen request is captured on the main thread → a pure job runs on a worker → its response is
applied on the main thread, if the job is still current. The job touches no widget and no session;
it reports progress and asks whether it was cancelled through its `JobControl`.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

import attrs

from viewer.model.errors import Cancelled

Result = TypeVar("Result")
Post = Callable[[Callable[[], None]], None]
"""Runs a callable on the main thread, soon; any thread may call it."""


def run_at_once(call: Callable[[], None]) -> None:
    """Post for headless programs: there is no main loop, so the call runs where it is."""
    call()


@attrs.frozen
class Progress:
    """How far a job is: `done` of `total` (0: unknown), and what it is doing in plain words."""

    done: int
    total: int
    what: str


class JobControl:
    """What a running job holds in its hand. Safe from any thread."""

    def __init__(self, report: Callable[[Progress], None]) -> None:
        self._cancelled = threading.Event()
        self._report = report
        self.was_dropped = False
        """Whether it was asked to stop by no person: what it did may be gone on with."""

    def progress(self, done: int, total: int, what: str) -> None:
        """Tell how far the job is."""
        self._report(Progress(done, total, what))

    def is_cancelled(self) -> bool:
        """Whether the person, or the lock, asked the job to stop."""
        return self._cancelled.is_set()

    def stop_if_cancelled(self) -> None:
        """Raise `Cancelled` where the job was asked to stop."""
        if self.is_cancelled():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Do nothing for a while, or until the job is asked to stop."""
        self._cancelled.wait(seconds)

    def cancel(self) -> None:
        """Ask the job to stop at its next look."""
        self._cancelled.set()

    def drop(self) -> None:
        """Ask the job to stop though nobody cancelled it: a lock, a logoff, a closed window."""
        self.was_dropped = True
        self._cancelled.set()


class SilentControl(JobControl):
    """A control for work that runs in the foreground and reports to nobody."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)


class Job(Generic[Result]):
    """A submitted job; main thread only."""

    def __init__(
        self,
        number: int,
        post: Post,
        on_done: Callable[[Result], None],
        on_fault: Callable[[Exception], None],
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.number = number
        self._post = post
        self._on_done = on_done
        self._on_fault = on_fault
        self._on_progress = on_progress
        self._is_current = True
        self.is_lasting = False
        self.control = JobControl(self._pass_progress)

    @property
    def is_current(self) -> bool:
        """Whether its response will still be applied."""
        return self._is_current

    def cancel(self) -> None:
        """Ask it to stop; a `Cancelled` fault is still delivered."""
        self.control.cancel()

    def drop(self) -> None:
        """Ask it to stop and never hear of it again (lock, log off, closed window)."""
        self._is_current = False
        self.control.drop()

    def run(self, work: Callable[[JobControl], Result]) -> None:
        """Run on the worker and post the response. Called by `JobRunner` alone."""
        try:
            self.control.stop_if_cancelled()
            result = work(self.control)
        except Exception as fault:  # noqa: BLE001 - handed to on_fault on the main thread, whole
            self._post(lambda fault=fault: self._deliver_fault(fault))  # type: ignore[misc]
        else:
            self._post(lambda: self._deliver(result))

    def _pass_progress(self, progress: Progress) -> None:
        self._post(lambda: self._deliver_progress(progress))

    def _deliver(self, result: Result) -> None:
        if self._is_current:
            self._is_current = False
            self._on_done(result)

    def _deliver_fault(self, fault: Exception) -> None:
        if self._is_current:
            self._is_current = False
            self._on_fault(fault)

    def _deliver_progress(self, progress: Progress) -> None:
        if self._is_current:
            self._on_progress(progress)


def _ignore_progress(_: Progress) -> None:
    return


def _cannot_be(fault: Exception) -> None:
    raise fault


class JobRunner:
    """Runs jobs on a few workers. Main thread only, but for what `Job` says."""

    def __init__(self, post: Post, *, workers: int = 3) -> None:
        self._post, self._workers = post, workers
        self._pool = self._new_pool()
        self._numbers = itertools.count(1)
        self._running: dict[int, tuple[Job[object], Future[None]]] = {}

    def _new_pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._workers, thread_name_prefix="bitewing-job")

    def submit(
        self,
        work: Callable[[JobControl], Result],
        on_done: Callable[[Result], None],
        on_fault: Callable[[Exception], None],
        on_progress: Callable[[Progress], None] = _ignore_progress,
    ) -> Job[Result]:
        """Run `work` on a worker and deliver exactly one of `on_done`, `on_fault` afterwards."""
        job = Job(next(self._numbers), self._post, on_done, on_fault, on_progress)
        future = self._pool.submit(job.run, work)
        self._running[job.number] = (job, future)  # type: ignore[assignment]
        future.add_done_callback(lambda _: self._running.pop(job.number, None))
        return job

    def submit_lasting(
        self, work: Callable[[JobControl], Result], on_done: Callable[[Result], None]
    ) -> None:
        """Run `work` whatever is dropped meanwhile; for what a lock itself asks for. No faults."""
        self.submit(work, on_done, _cannot_be).is_lasting = True

    def soon(self, call: Callable[[], None]) -> None:
        """Run a call on the main thread, after what it does now. Any thread."""
        self._post(call)

    def when_ended(self, call: Callable[[], None]) -> None:
        """Run a call on the main thread once every job that runs now, dropped or not, has ended."""
        left = {future for _, future in list(self._running.values())}
        if not left:
            self._post(call)
            return
        turn = threading.Lock()

        def ended(future: Future[None]) -> None:
            with turn:
                left.discard(future)
                is_last = not left
            if is_last:
                self._post(call)

        for future in list(left):
            future.add_done_callback(ended)

    @property
    def is_busy(self) -> bool:
        """Whether any job still runs."""
        return bool(self._running)

    def drop_all(self) -> None:
        """Drop every job: nothing that was asked for before is applied after (lock, log off)."""
        for job, _ in list(self._running.values()):
            if not job.is_lasting:
                job.drop()

    def renew(self) -> None:
        """Let workers that have nothing to do end, and begin with fresh ones.

        A thread keeps pieces of memory that it freed, with what they held, until it ends.
        """
        if not self.is_busy:
            self._pool.shutdown(wait=True)
            self._pool = self._new_pool()

    def close(self) -> None:
        """Drop every job and wait until the workers have ended."""
        for job, _ in list(self._running.values()):
            job.drop()
        self._pool.shutdown(wait=True, cancel_futures=True)
