"""Look-up tables: packing, segments, and hostile ones; against pydicom's own expansion."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels.processing import _expand_segmented_lut

from viewer.dicom.errors import Malformed
from viewer.dicom.tables import expand, palette_of, table_of

_SEGMENTS = st.lists(
    st.one_of(
        st.lists(st.integers(0, 65535), min_size=1, max_size=5).map(lambda x: (0, len(x), *x)),
        st.tuples(st.just(1), st.integers(1, 40), st.integers(0, 65535)),
    ),
    min_size=1,
    max_size=8,
)


def _words(segments: list[tuple[int, ...]]) -> list[int]:
    return [word for segment in [(0, 1, 7), *segments] for word in segment]


@given(_SEGMENTS)
def test_segments_expand_as_pydicom_expands_them(segments: list[tuple[int, ...]]) -> None:
    words = _words(segments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = np.array(_expand_segmented_lut(tuple(words), "<H"), np.int64)
    ours = expand(np.array(words, np.uint16), len(theirs)).astype(np.int64)
    # pydicom cuts the fraction off where we round.
    assert np.abs(ours - theirs).max() <= 1


def test_an_indirect_segment_repeats_earlier_ones() -> None:
    words = np.array([0, 2, 5, 9, 1, 2, 13, 2, 2, 0, 0], np.uint16)
    assert expand(words, 8).tolist() == [5, 9, 11, 13, 5, 9, 11, 13]


@pytest.mark.parametrize(
    "words",
    [
        [0, 9, 1],
        [1, 3, 9],
        [0, 1, 5, 2, 1, 6, 0],
        [0, 1, 5, 7, 1, 1],
        [0, 1, 5],
    ],
)
def test_segments_that_end_early_or_point_ahead_are_refused(words: list[int]) -> None:
    with pytest.raises(Malformed):
        expand(np.array(words, np.uint16), 3)


def test_segments_never_grow_beyond_the_table() -> None:
    words = np.array([0, 1, 0, *([1, 65535, 9] * 2000)], np.uint16)
    assert expand(words, 65536).size == 65536


def _item(count: int, bits: int, content: object) -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, "US", [count, 0, bits])
    item.add_new(0x00283006, "OW" if isinstance(content, bytes) else "US", content)
    return item


def test_eight_bit_entries_packed_two_to_a_word_are_unpacked() -> None:
    ds = Dataset()
    assert table_of(_item(4, 8, bytes([1, 2, 3, 4])), ds).entries == (1, 2, 3, 4)
    assert table_of(_item(4, 8, [0x0201, 0x0403]), ds).entries == (1, 2, 3, 4)


def test_a_count_of_nothing_means_sixty_five_thousand_entries() -> None:
    table = table_of(_item(0, 16, bytes(2 * 65536)), Dataset())
    assert len(table.entries) == 65536


def test_a_palette_without_its_tables_is_refused() -> None:
    ds = Dataset()
    for colour in ("Red", "Green", "Blue"):
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [4, 0, 8])
    with pytest.raises(Malformed):
        palette_of(ds)
