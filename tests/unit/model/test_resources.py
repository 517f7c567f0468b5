"""Resources are found beside the checkout or inside the installed package."""

from __future__ import annotations

import pytest

from viewer.model.resources import resource_path


def test_a_resource_lies_in_the_resources_folder() -> None:
    assert resource_path("demo", "people.toml").parent.parent.name in {"resources", "_resources"}


@pytest.mark.parametrize("part", ["..", ".", "", "a/b", "a\\b"])
def test_a_part_that_leads_elsewhere_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="plain name"):
        resource_path("demo", part)
