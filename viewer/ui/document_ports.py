"""What the sheet for documents asks of the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from viewer.app.use_cases.documents import Shown, can_be_looked_at
from viewer.model.ids import ImageId
from viewer.ui.ports import OnFault, Running

__all__ = ["DocumentDesk", "Shown", "can_be_looked_at"]


class DocumentDesk(Protocol):
    """Looks at kept files. Main thread only."""

    def look_at(
        self,
        image_id: ImageId,
        page: int,
        on_done: Callable[[Shown], None],
        on_fault: OnFault,
    ) -> Running:
        """Unseal a file and have one page, its text or its picture made."""
