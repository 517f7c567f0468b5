"""Where the files that come with the program lie: icons, themes, layouts, presets, demo data."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def resource_path(*parts: str) -> Path:
    """Return the path of a resource, e.g. ``resource_path("demo", "people.toml")``.

    An installed program carries its resources inside the package (``viewer/_resources``); a
    checkout has them beside it (``resources``). The path is returned whether or not it exists.

    Raises
    ------
    ValueError
        A part leads out of the resources.
    """
    if any(part in {"", ".", ".."} or "/" in part or "\\" in part for part in parts):
        raise ValueError("each part of a resource's path is one plain name")
    packaged = _PACKAGE / "_resources"
    root = packaged if packaged.is_dir() else _PACKAGE.parent / "resources"
    return root.joinpath(*parts)
