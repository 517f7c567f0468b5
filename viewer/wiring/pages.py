"""Which sheets there are besides those that the shell makes itself: a row for each action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from viewer.session.permissions import Permission
from viewer.ui.shell_pages import Pages, SheetPage
from viewer.wiring.workstation import Workstation

if TYPE_CHECKING:
    from viewer.ui.relay_panel import RelayPanel
    from viewer.ui.review_window import ReviewPanel
    from viewer.ui.shell import Shell


def pages_of(workstation: Workstation) -> Pages:
    """Return the pages of one workstation; what they need is imported when they open."""

    def audit_server(_: Shell) -> RelayPanel:
        from viewer.ui.relay_panel import RelayPanel
        from viewer.wiring.relay import ClinicAuditServer

        return RelayPanel(
            ClinicAuditServer(workstation),
            can_set=workstation.may(Permission.MANAGE_POLICIES),
            can_send=workstation.may(Permission.READ_TRAIL),
        )

    def review(_: Shell) -> ReviewPanel:
        from viewer.ui.review_window import ReviewPanel
        from viewer.wiring.review import ClinicReview

        return ReviewPanel(ClinicReview(workstation))

    return {
        "relay": SheetPage("Audit server", audit_server),
        "review": SheetPage("Review", review),
    }
