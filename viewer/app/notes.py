"""What the store remembers of its own care: when it was checked, when a backup was verified.

Notes are settings of the workstation in the catalog. They say nothing of patients, and nothing that
protects anybody depends on them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from viewer.app.clinic import Clinic
from viewer.vault.errors import StoreFault
from viewer.vault.records import SettingScope

_PREFIX = "care: "


def note(clinic: Clinic, name: str, facts: Mapping[str, Any]) -> None:
    """Keep some plain facts under a name."""
    text = json.dumps(dict(facts), sort_keys=True)
    clinic.vault.set_setting(SettingScope.WORKSTATION, _PREFIX + name, text)


def noted(clinic: Clinic, name: str) -> Mapping[str, Any]:
    """Return what was kept under a name; nothing where there is nothing that can be read."""
    text = clinic.vault.setting(SettingScope.WORKSTATION, _PREFIX + name)
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def moment_of(facts: Mapping[str, Any], name: str = "when") -> datetime | None:
    """Return a moment among such facts."""
    try:
        return datetime.fromisoformat(str(facts[name]))
    except (KeyError, ValueError):
        return None


def own_setting(clinic: Clinic, name: str) -> str | None:
    """Return what somebody chose for themselves; None where there is nothing, or no open store."""
    session = clinic.desk.session
    if session is None or not clinic.is_vault_open:
        return None
    return clinic.vault.setting(SettingScope.USER, name, session.user.id)


def keep_own_setting(clinic: Clinic, name: str, value: str) -> None:
    """Keep what somebody chose for themselves; without an open store it is forgotten."""
    session = clinic.desk.session
    if session is not None and clinic.is_vault_open:
        with suppress(StoreFault):
            clinic.vault.set_setting(SettingScope.USER, name, value, session.user.id)
