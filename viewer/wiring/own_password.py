"""The first login at the window: nobody is let in before the password is one's own."""

from __future__ import annotations

from collections.abc import Callable

from viewer.app.clinic import Clinic
from viewer.app.jobs import Job, JobRunner
from viewer.app.use_cases import accounts
from viewer.model.errors import BitewingError
from viewer.model.ids import UserId
from viewer.session.accounts import User
from viewer.session.audit.events import Actor, Entry, EventKind
from viewer.session.desk import Admission
from viewer.ui.own_password import OwnPasswordNeeded
from viewer.ui.ports import OnFault


def unless_given(clinic: Clinic, admission: Admission) -> Admission:
    """Return the admission, unless somebody else knows the password.

    Raises
    ------
    OwnPasswordNeeded
        Somebody does: the keys are wiped, and the trail says that nobody stayed.
    """
    user = admission.user
    if not user.must_change:
        return admission
    admission.keys.wipe()
    who = Actor(user.id, user.display_name, user.role.title)
    clinic.trail.append(Entry(EventKind.LOGOFF, who, why="a first password, not changed yet"))
    raise OwnPasswordNeeded


def choose_password(
    clinic: Clinic,
    jobs: JobRunner,
    user_id: UserId,
    words: tuple[str, str],
    on_done: Callable[[User], None],
    on_fault: OnFault,
) -> Job[Admission]:
    """Log in with the given password (the first of `words`), and change it to the second at once.

    Where it cannot be changed, the session is ended again.
    """
    given, new = words

    def refuse(fault: Exception) -> None:
        clinic.log_off("the first password was not changed")
        on_fault(fault)

    def admit(admission: Admission) -> None:
        try:
            user = clinic.admit(admission).user
        except BitewingError as fault:
            on_fault(fault)
            return
        request = accounts.ChangePassword(given, new)
        jobs.submit(
            lambda control: accounts.change_password(clinic, request, control),
            lambda _: on_done(user),
            refuse,
        )

    return jobs.submit(lambda _: clinic.check(user_id, given), admit, on_fault)
