"""How large the images are that are measured, and how often."""

from __future__ import annotations

import attrs


@attrs.frozen
class Sizes:
    """`edge` voxels each way; `flat` rows and columns of the panoramic; rounds of each kind."""

    edge: int = 512
    flat: tuple[int, int] = (1300, 2500)
    pane: tuple[int, int] = (547, 940)
    warm_rounds: int = 5
    cold_rounds: int = 3
    import_rounds: int = 3
    start_rounds: int = 3
    light_rounds: int = 15
    catalog_images: int = 2_000_000
    audit_events: int = 1_000_000

    @property
    def volume_bytes(self) -> int:
        """Bytes of the volume, two a voxel."""
        return 2 * self.edge**3

    @property
    def disk_bytes(self) -> int:
        """What all of it takes on disk: the plain files, their copy, the sealed ones, and air."""
        return 4 * self.volume_bytes + (128 << 20)


USUAL = Sizes()
SMALL = Sizes(edge=256, catalog_images=100_000, audit_events=50_000)
