"""What can be wrong with a redaction.

::

    UserError
    ├── ProfileUnusable    a profile file is missing or contradicts itself
    ├── PlanRefused        this profile cannot let these images leave safely
    └── PlanUnconfirmed    a person has not yet looked at every doubt
    IntegrityError
    ├── SourceUnreadable   the stored header does not belong to the stored picture
    └── VerifyFailed       the finished share is not what the plan says: it does not leave
"""

from __future__ import annotations

from viewer.model.errors import IntegrityError, UserError


class ProfileUnusable(UserError):
    """A redaction profile is missing or contradicts itself."""


class PlanRefused(UserError):
    """This profile cannot let these images leave safely; the message is the plain reason."""


class PlanUnconfirmed(UserError):
    """A person has not yet looked at every doubt."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} point{'s' if count != 1 else ''} of this share must be looked at first.",
            "Look at each one in the preview and confirm it.",
        )


class SourceUnreadable(IntegrityError):
    """The stored header cannot be read, or does not belong to the stored picture."""


class VerifyFailed(IntegrityError):
    """The finished share is not what the plan says.

    `findings` name files, tags and rules, never a value.
    """

    def __init__(self, findings: tuple[str, ...]) -> None:
        super().__init__(
            "The finished share did not pass its own check, so it was not written.",
            "Nothing has left. Share fewer images to find the one at fault, or report this.",
        )
        self.findings = findings
