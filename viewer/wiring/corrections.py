"""The sheets in which charts are put right: the review list, teeth, moving, merging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from viewer.ui.shell_corrections import merging_page, moving_page, read_again, teeth_page
from viewer.ui.shell_pages import Pages, SheetPage
from viewer.wiring.waiting import ClinicCorrections, ClinicReviewList
from viewer.wiring.workstation import Workstation

if TYPE_CHECKING:
    from viewer.ui.shell import Shell
    from viewer.ui.waiting_page import WaitingPanel


def correction_pages(workstation: Workstation) -> Pages:
    """Return the pages of one workstation, by the action that opens each."""

    def review_list(shell: Shell) -> WaitingPanel:
        from viewer.ui.waiting_page import WaitingPanel

        panel = WaitingPanel(ClinicReviewList(workstation))
        panel.changed.connect(lambda: read_again(shell))
        return panel

    desk = ClinicCorrections(workstation)
    return {
        "waiting": SheetPage("Whose images?", review_list),
        "set_teeth": SheetPage("Teeth and side", lambda s: teeth_page(s, desk), wide=False),
        "move_image": SheetPage(
            "Move to another chart", lambda s: moving_page(s, desk), wide=False
        ),
        "merge_charts": SheetPage(
            "Two charts of one person", lambda s: merging_page(s, desk), wide=False
        ),
    }
