"""Every menu entry, button and shortcut is one `Action` record in this table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

import attrs

from viewer.session.permissions import Permission


class Need(Enum):
    """What must be so for an action to make sense."""

    NOTHING = "nothing"
    LOGGED_IN = "logged in"
    PATIENT = "a patient"
    PICTURE = "an image on screen"
    RADIOGRAPH = "a flat image on screen"
    FRAMES = "a picture of several frames on screen"
    VOLUME = "a volume on screen"


@attrs.frozen
class Action:
    """One thing a person can do.

    `shortcut` is in Qt's portable spelling; `icon` names a file in ``resources/icons``.
    `permission` decides what is offered; the gate of the use case decides what is done.
    """

    id: str
    text: str
    tooltip: str
    icon: str = ""
    shortcut: str = ""
    group: str = ""
    need: Need = Need.LOGGED_IN
    permission: Permission = Permission.LOGGED_IN


ACTIONS: tuple[Action, ...] = (
    Action(
        "import",
        "Import images",
        "Import a folder of images",
        "import",
        "I",
        "file",
        permission=Permission.IMPORT_IMAGES,
    ),
    Action(
        "photos",
        "Add photos or files",
        "Photos, scans, models or documents of one patient",
        "photo",
        "Ctrl+Shift+I",
        "file",
        permission=Permission.IMPORT_IMAGES,
    ),
    Action(
        "document",
        "Look at the document",
        "Pages, report or model of the file on screen",
        "document",
        "Shift+D",
        "go",
        Need.PICTURE,
        permission=Permission.VIEW_IMAGES,
    ),
    Action(
        "share",
        "Share",
        "Seal selected images for somebody",
        "share",
        "Ctrl+Shift+S",
        "file",
        Need.PATIENT,
        permission=Permission.SHARE_IMAGES,
    ),
    Action(
        "export_dicom",
        "DICOM files",
        "Images as the files they came as, not sealed",
        "folder",
        "",
        "file",
        Need.PATIENT,
        permission=Permission.EXPORT_IMAGES,
    ),
    Action(
        "quarantine",
        "Files set aside",
        "Files that could not be read safely: why, once more, or away",
        "shield-warning",
        "",
        "file",
        permission=Permission.CORRECT_CHARTS,
    ),
    Action(
        "watched",
        "Watched folders",
        "Folders that devices write into: taken in by themselves",
        "folder",
        "",
        "file",
        permission=Permission.IMPORT_IMAGES,
    ),
    Action(
        "search",
        "Find patient",
        "Find a patient by name or chart number",
        "search",
        "Ctrl+F",
        "go",
        permission=Permission.LIST_PATIENTS,
    ),
    Action(
        "waiting",
        "Review list",
        "Imported images of which it is not sure whose they are",
        "users",
        "Ctrl+Shift+W",
        "file",
        permission=Permission.CORRECT_CHARTS,
    ),
    Action(
        "set_teeth",
        "Teeth and side",
        "Say which teeth and which side this image, or all of the visit, shows",
        "tooth",
        "T",
        "file",
        Need.PICTURE,
        permission=Permission.CORRECT_CHARTS,
    ),
    Action(
        "move_image",
        "Move to another chart",
        "This image is of somebody else",
        "user",
        "",
        "file",
        Need.PICTURE,
        permission=Permission.CORRECT_CHARTS,
    ),
    Action(
        "merge_charts",
        "Merge with another chart",
        "This person has another chart",
        "users",
        "",
        "file",
        Need.PATIENT,
        permission=Permission.CORRECT_CHARTS,
    ),
    Action("palette", "Commands", "Find any command", "search", "Ctrl+K", "go"),
    Action(
        "previous_image",
        "Previous image",
        "Previous image of this visit",
        "chevron-left",
        "Left",
        "go",
        Need.PICTURE,
    ),
    Action(
        "next_image",
        "Next image",
        "Next image of this visit",
        "chevron-right",
        "Right",
        "go",
        Need.PICTURE,
    ),
    Action(
        "trail",
        "Trail",
        "Who saw and did what",
        "trail",
        "Ctrl+T",
        "safeguards",
        permission=Permission.READ_TRAIL,
    ),
    Action(
        "workstation",
        "This workstation",
        "When it locks, who needs a second factor, screen capture",
        "settings",
        "",
        "safeguards",
        permission=Permission.MANAGE_POLICIES,
    ),
    Action(
        "relay",
        "Audit server",
        "The copy of the trail on another machine",
        "trail",
        "",
        "safeguards",
        permission=Permission.VERIFY_TRAIL,
    ),
    Action(
        "archive",
        "Trail archive",
        "How long the trail is kept, and where its older parts lie",
        "calendar",
        "",
        "safeguards",
        permission=Permission.MANAGE_POLICIES,
    ),
    Action(
        "review",
        "Review",
        "What is unusual in the trail, who saw a patient, and reports",
        "eye",
        "Ctrl+Shift+R",
        "safeguards",
        permission=Permission.REVIEW_TRAIL,
    ),
    Action(
        "accounts",
        "Accounts",
        "People who may log in",
        "user",
        "",
        "safeguards",
        permission=Permission.MANAGE_ACCOUNTS,
    ),
    Action(
        "check",
        "Check store",
        "Check that everything stored is whole",
        "shield",
        "",
        "safeguards",
        permission=Permission.CHECK_STORE,
    ),
    Action(
        "store",
        "Store",
        "Health, backups, keys and room of the store",
        "shield",
        "Ctrl+B",
        "safeguards",
        permission=Permission.CHECK_STORE,
    ),
    Action(
        "back_up",
        "Back up",
        "Copy the store, sealed, to another disk",
        "folder",
        "Ctrl+Shift+B",
        "safeguards",
        permission=Permission.BACK_UP,
    ),
    Action(
        "repair",
        "Repair store",
        "Mend what a check found and what there is a copy of",
        "shield-warning",
        "",
        "safeguards",
        permission=Permission.MANAGE_KEYS,
    ),
    Action(
        "change_keys",
        "Keys and recovery sheet",
        "New keys, and whether the recovery sheet opens the store",
        "key",
        "",
        "safeguards",
        permission=Permission.MANAGE_KEYS,
    ),
    Action(
        "keeping",
        "Room and keeping",
        "What takes room, legal holds, and what is due",
        "layout",
        "",
        "safeguards",
        permission=Permission.MANAGE_KEEPING,
    ),
    Action(
        "erase_patient",
        "Erase a patient",
        "For good, in two steps, with a certificate",
        "warning",
        "",
        "safeguards",
        permission=Permission.ERASE_PATIENTS,
    ),
    Action("switch_user", "Switch user", "Let somebody else in", "users", "Ctrl+U", "session"),
    Action(
        "my_sign_in",
        "My sign-in",
        "Your password, authenticator app, security key and recovery codes",
        "user",
        "",
        "session",
    ),
    Action(
        "quick_pin",
        "Quick PIN for this shift",
        "Come back by a few digits until the end of this shift",
        "key",
        "",
        "session",
    ),
    Action(
        "emergency",
        "Emergency access",
        "Look at images for half an hour, with a reason; it is reviewed",
        "shield-warning",
        "",
        "safeguards",
        permission=Permission.EMERGENCY_ACCESS,
    ),
    Action(
        "emergency_code",
        "Sealed emergency code",
        "The code in an envelope, for when nobody can log in",
        "key",
        "",
        "safeguards",
        permission=Permission.MANAGE_KEYS,
    ),
    Action("lock", "Lock", "Lock this workstation now", "lock", "Ctrl+L", "session"),
    Action(
        "log_off", "Log off", "Log off and close the store", "logout", "Ctrl+Shift+L", "session"
    ),
    Action("undo", "Undo", "Take the last change back", "undo", "Ctrl+Z", "edit", Need.PICTURE),
    Action("redo", "Redo", "Do it again", "redo", "Ctrl+Shift+Z", "edit", Need.PICTURE),
    Action(
        "tool_window",
        "Window",
        "Drag to change brightness and contrast",
        "window-level",
        "W",
        "tool",
        Need.PICTURE,
    ),
    Action("tool_pan", "Pan", "Drag to move the image", "pan", "P", "tool", Need.PICTURE),
    Action("tool_zoom", "Zoom", "Drag to zoom", "zoom", "Z", "tool", Need.PICTURE),
    Action(
        "tool_crosshair",
        "Crosshair",
        "Click to move the three planes",
        "crosshair",
        "X",
        "tool",
        Need.VOLUME,
    ),
    Action("invert", "Invert", "Swap black and white", "invert", "Shift+I", "image", Need.PICTURE),
    Action(
        "rotate_right",
        "Turn right",
        "Turn by 90° clockwise",
        "rotate-cw",
        "R",
        "image",
        Need.RADIOGRAPH,
    ),
    Action(
        "rotate_left",
        "Turn left",
        "Turn by 90° anticlockwise",
        "rotate-ccw",
        "Shift+R",
        "image",
        Need.RADIOGRAPH,
    ),
    Action(
        "bit_planes",
        "Overlay",
        "Show or hide what the file draws over the picture",
        "layers",
        "O",
        "image",
        Need.RADIOGRAPH,
    ),
    Action("next_frame", "Next frame", "Next frame", "chevron-down", "Down", "image", Need.FRAMES),
    Action(
        "previous_frame",
        "Previous frame",
        "Previous frame",
        "chevron-up",
        "Up",
        "image",
        Need.FRAMES,
    ),
    Action("cine", "Play", "Play or stop the frames", "play", "C", "image", Need.FRAMES),
    Action(
        "flip_horizontally",
        "Mirror",
        "Swap left and right on screen",
        "flip-h",
        "H",
        "image",
        Need.RADIOGRAPH,
    ),
    Action(
        "flip_vertically",
        "Flip",
        "Swap top and bottom on screen",
        "flip-v",
        "V",
        "image",
        Need.RADIOGRAPH,
    ),
    Action("fit", "Fit", "Show the whole image", "fit", "F", "image", Need.PICTURE),
    Action(
        "one_to_one",
        "1:1",
        "One image pixel per screen pixel",
        "one-to-one",
        "1",
        "image",
        Need.RADIOGRAPH,
    ),
    Action(
        "reset_view",
        "Original",
        "Show the image as it was made",
        "reset",
        "0",
        "image",
        Need.PICTURE,
    ),
    Action(
        "hide_sides",
        "Only the image",
        "Hide everything but the image",
        "fullscreen",
        "Tab",
        "view",
        Need.PICTURE,
    ),
    Action("about", "About Bitewing", "Version and licences", "help", "", "help", Need.NOTHING),
)


class Actions:
    """Joins action ids with what they do and whether they can be done now."""

    def __init__(
        self,
        table: Iterable[Action] = ACTIONS,
        *,
        is_allowed: Callable[[Permission], bool] = lambda _: True,
    ) -> None:
        self._is_allowed = is_allowed
        self.table = {action.id: action for action in table}
        self._handlers: dict[str, Callable[[], None]] = {}

    def connect(self, action_id: str, handler: Callable[[], None]) -> None:
        """Say what an action does.

        Raises
        ------
        KeyError
            There is no such action.
        """
        self._handlers[self.table[action_id].id] = handler

    def is_offered(self, action_id: str) -> bool:
        """Whether whoever is logged in has the permission an action needs."""
        return self._is_allowed(self.table[action_id].permission)

    def trigger(self, action_id: str) -> None:
        """Do it.

        Raises
        ------
        KeyError
            There is no such action, or nobody said what it does.
        """
        self._handlers[action_id]()

    @property
    def unconnected(self) -> list[str]:
        """Actions that nobody connected: a test wants this list empty."""
        return [action_id for action_id in self.table if action_id not in self._handlers]
