"""Redaction profiles: what each purpose lets leave, as data in ``resources/redaction/*.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import cattrs
from pydicom.datadict import tag_for_keyword

from viewer.model.resources import resource_path
from viewer.redact.errors import ProfileUnusable
from viewer.redact.table import OPTIONS


class Headers(Enum):
    """How header attributes are treated."""

    TABLE = "table"
    KEEP_ALL = "keep_all"


class Uids(Enum):
    """Whether identifiers of studies, series and instances are the originals."""

    NEW = "new"
    KEPT = "kept"


class Mark(Enum):
    """The visible mark."""

    BAND = "band"
    NONE = "none"


class PixelRule(Enum):
    """What a profile does where this version cannot look into the pixels for it.

    ALLOW: it may leave. CONFIRM: a person must look and confirm. REFUSE: it does not leave.
    """

    ALLOW = "allow"
    CONFIRM = "confirm"
    REFUSE = "refuse"


@attrs.frozen
class PixelRules:
    """What happens to kinds of pixels that may identify somebody.

    `text_declared`: BurnedInAnnotation is YES. `text_unknown`: it is absent or empty.
    `text_denied`: it is NO, which is a claim of the machine, not a check.
    """

    text_declared: PixelRule
    text_unknown: PixelRule
    text_denied: PixelRule
    photos: PixelRule
    volumes: PixelRule
    cephalograms: PixelRule
    others: PixelRule


@attrs.frozen
class Profile:
    """What one purpose lets leave.

    `keeps` are DICOM keywords of the top level that stay although PS3.15 Table E.1-1 removes
    them; `options` are names of the table's option columns that apply; `missing` says in plain
    words what the design asks for and this version cannot do.
    """

    name: str
    title: str
    words: str
    purpose: str
    is_deidentified: bool
    headers: Headers
    uids: Uids
    mark: Mark
    accounting: str
    expiry_days: int
    pixels: PixelRules
    options: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def keeps_name(self) -> bool:
        """Whether the patient's name leaves."""
        return self.headers is Headers.KEEP_ALL or "PatientName" in self.keeps


def profiles() -> Mapping[str, Profile]:
    """Return the profiles by name, in the order in which they are offered.

    Raises
    ------
    ProfileUnusable
        A profile file cannot be read or contradicts itself.
    """
    return _read_folder(resource_path("redaction"))


def profile_named(name: str) -> Profile:
    """Return one profile.

    Raises
    ------
    ProfileUnusable
        There is no such profile, or its file is unusable.
    """
    found = profiles().get(name)
    if found is None:
        offered = ", ".join(profiles())
        raise ProfileUnusable("There is no such share profile.", f"Choose one of: {offered}.")
    return found


def read_profile(content: str) -> Profile:
    """Read one profile from TOML and check that it does not contradict itself.

    Raises
    ------
    ProfileUnusable
        It is no profile, or claims de-identification while it keeps an identity.
    """
    reader = cattrs.Converter(forbid_extra_keys=True)
    try:
        profile = reader.structure(tomllib.loads(content), Profile)
    except (tomllib.TOMLDecodeError, cattrs.BaseValidationError, ValueError) as fault:
        raise ProfileUnusable("A share profile cannot be read.", "Restore its file.") from fault
    _refuse_unknown_words(profile)
    _refuse_contradiction(profile)
    return profile


@cache
def _read_folder(folder: Path) -> Mapping[str, Profile]:
    found = {}
    for path in sorted(folder.glob("*.toml")):
        profile = read_profile(path.read_text("utf-8"))
        if path.stem.split("-", 1)[-1] != profile.name:
            raise ProfileUnusable("A share profile's file has another name than the profile.")
        found[profile.name] = profile
    if not found:
        raise ProfileUnusable("The share profiles are missing.", "Install the program again.")
    return found


def _refuse_unknown_words(profile: Profile) -> None:
    if not OPTIONS.issuperset(profile.options):
        raise ProfileUnusable("A share profile names an option that does not exist.")
    if any(tag_for_keyword(keyword) is None for keyword in profile.keeps):
        raise ProfileUnusable("A share profile keeps an attribute that does not exist.")


def _refuse_contradiction(profile: Profile) -> None:
    if not profile.is_deidentified:
        return
    rules: dict[str, Any] = attrs.asdict(profile.pixels, recurse=False)
    wrong = (
        profile.keeps
        or profile.options
        or profile.headers is Headers.KEEP_ALL
        or profile.uids is Uids.KEPT
        or any(rule is PixelRule.ALLOW for name, rule in rules.items() if name != "others")
    )
    if wrong:
        raise ProfileUnusable(
            "A share profile says that it de-identifies, and keeps what identifies.",
            "Correct the profile's file.",
        )
