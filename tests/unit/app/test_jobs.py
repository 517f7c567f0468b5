"""The one pattern for off-thread work: ordering, cancelling and dropping."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from viewer.app.jobs import JobControl, JobRunner, Progress
from viewer.model.errors import Cancelled, UserError


class MainLoop:
    """A main thread's queue that the test drains by hand."""

    def __init__(self) -> None:
        self.calls: queue.Queue[Callable[[], None]] = queue.Queue()

    def post(self, call: Callable[[], None]) -> None:
        self.calls.put(call)

    def run_one(self) -> None:
        self.calls.get(timeout=10)()

    def run_rest(self) -> None:
        while not self.calls.empty():
            self.calls.get_nowait()()


@pytest.fixture
def loop() -> MainLoop:
    return MainLoop()


@pytest.fixture
def runner(loop: MainLoop) -> Iterator[JobRunner]:
    runner = JobRunner(loop.post, workers=2)
    yield runner
    runner.close()


def test_a_result_is_applied_on_the_main_thread(loop: MainLoop, runner: JobRunner) -> None:
    seen: list[tuple[int, threading.Thread]] = []
    runner.submit(
        lambda control: 6 * 7,
        lambda n: seen.append((n, threading.current_thread())),
        seen.append,  # type: ignore[arg-type]
    )
    loop.run_one()
    assert seen == [(42, threading.current_thread())]


def test_a_fault_reaches_on_fault_and_not_on_done(loop: MainLoop, runner: JobRunner) -> None:
    done: list[object] = []
    faults: list[Exception] = []

    def work(control: JobControl) -> None:
        raise UserError("No.")

    runner.submit(work, done.append, faults.append)
    loop.run_one()
    assert done == []
    assert [str(fault) for fault in faults] == ["No."]


def test_a_cancelled_job_ends_with_cancelled(loop: MainLoop, runner: JobRunner) -> None:
    started = threading.Event()
    go_on = threading.Event()
    faults: list[Exception] = []

    def work(control: JobControl) -> None:
        started.set()
        go_on.wait(10)
        control.stop_if_cancelled()

    job = runner.submit(work, lambda _: None, faults.append)
    assert started.wait(10)
    job.cancel()
    go_on.set()
    loop.run_one()
    assert isinstance(faults[0], Cancelled)


def test_a_dropped_job_is_never_heard_of_again(loop: MainLoop, runner: JobRunner) -> None:
    go_on = threading.Event()
    heard: list[object] = []

    def work(control: JobControl) -> int:
        go_on.wait(10)
        control.progress(1, 2, "half")
        return 1

    runner.submit(work, heard.append, heard.append, heard.append)
    runner.drop_all()
    go_on.set()
    runner.close()
    loop.run_rest()
    assert heard == []


def test_progress_arrives_before_the_result(loop: MainLoop, runner: JobRunner) -> None:
    heard: list[object] = []

    def work(control: JobControl) -> str:
        control.progress(1, 3, "reading")
        return "end"

    runner.submit(work, heard.append, heard.append, heard.append)
    loop.run_one()
    loop.run_one()
    assert heard == [Progress(1, 3, "reading"), "end"]


def test_renewed_workers_are_others_and_go_on_working() -> None:
    import threading

    runner = JobRunner(lambda call: call(), workers=1)
    seen: list[int] = []
    done = threading.Event()

    def work(_: JobControl) -> int:
        return threading.get_ident()

    def keep(ident: int) -> None:
        seen.append(ident)
        done.set()

    first = {thread for thread in threading.enumerate() if "bitewing-job" in thread.name}
    for _ in range(2):
        done.clear()
        runner.submit(work, keep, lambda fault: pytest.fail(str(fault)))
        assert done.wait(30)
        while runner.is_busy:
            done.wait(0.001)
        now = {thread for thread in threading.enumerate() if "bitewing-job" in thread.name}
        assert now - first
        runner.renew()
        assert not [thread for thread in now - first if thread.is_alive()]
    assert len(seen) == 2
    runner.close()


def test_a_job_that_waits_ends_as_soon_as_it_is_asked_to() -> None:
    import threading

    runner = JobRunner(lambda call: call(), workers=1)
    begun = threading.Event()

    def work(control: JobControl) -> None:
        begun.set()
        control.wait(600)

    runner.submit(work, lambda _: None, lambda _: None)
    assert begun.wait(30)
    runner.close()
    assert not runner.is_busy


def test_what_a_lock_itself_asks_for_is_not_dropped_by_it(
    loop: MainLoop, runner: JobRunner
) -> None:
    done: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def work(_: JobControl) -> str:
        begun.set()
        go_on.wait(10)
        return "forgotten"

    runner.submit_lasting(work, done.append)
    begun.wait(10)
    runner.drop_all()
    go_on.set()
    loop.run_one()
    assert done == ["forgotten"]
