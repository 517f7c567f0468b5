"""Repair of a store that is closed: its marker, its catalog from the copy, the folders of objects.

The damaged catalog is kept aside as it is (`catalog.damaged-<n>`, encrypted). What takes its place
is older: its history is a fork that the caller must authorise and keep the new head of. Objects
that it does not list are never deleted: they are remembered as kept, and reported.
"""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event

import attrs

from viewer.crypto.secret import Secret
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.export import sync_file, write_copy
from viewer.vault.catalog.moving import remove_leftovers
from viewer.vault.catalog.salvage import Salvage, Salvaged
from viewer.vault.catalog.walking import keep_orphans, unlisted
from viewer.vault.errors import RolledBack, StoreDamaged, StoreMissing, StoreTooNew, store_fault
from viewer.vault.keys import catalog_key, copy_key
from viewer.vault.layout import Layout
from viewer.vault.lock import StoreLock
from viewer.vault.records import IsCancelled, VaultHead, VaultKeys, never
from viewer.vault.spare import count_faults, find_copy
from viewer.vault.v1.folder import (
    FAN_OUT,
    ObjectFolder,
    is_object,
    replace_patiently,
    sync_folder,
)

_LOG = "-wal"


@attrs.frozen
class Fork:
    """The history that was left, as last seen outside, and the one that goes on from the copy.

    `written` is how many writes the copy did not know of (none are told where `left` is None).
    """

    left: VaultHead | None
    copied: VaultHead
    now: VaultHead

    @property
    def written(self) -> int | None:
        """How many transactions lie between the copy and what was last seen."""
        return self.left.generation - self.copied.generation if self.left else None


@attrs.frozen
class Mended:
    """What a repair did, in plain words without names, paths or keys.

    `done` has one sentence a repaired part, `lost` one for each loss that stays. `fork` is None
    unless the catalog was replaced: then its head must be kept outside, and the trail must say so.
    """

    done: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    fork: Fork | None = None


def mend_store(
    folder: Path,
    keys: VaultKeys,
    expected: VaultHead | None = None,
    is_cancelled: IsCancelled = never,
) -> Mended:
    """Repair what keeps a closed store from opening; change nothing where nothing is damaged.

    Raises
    ------
    RolledBack
        The catalog is whole, but older than `expected`: this is no damage, and not repaired.
    StoreMissing
        Neither a catalog nor a copy is here.
    StoreDamaged
        The catalog is damaged and there is no copy that opens with these keys.
    StoreInUse, StoreTooNew, StoreFault, Cancelled
        Nothing was replaced. A catalog that a newer program made is not touched.
    """
    layout = Layout(folder)
    if not layout.exists() and not layout.copy.is_file():
        raise StoreMissing
    lock = StoreLock(layout.lock)
    try:
        done = _mend_folders(layout)
        if not _is_whole(layout, keys, expected):
            return _restore(layout, keys, expected, is_cancelled, done)
        return Mended((*done, *_mend_marker(layout)))
    finally:
        lock.release()


def _mend_marker(layout: Layout) -> tuple[str, ...]:
    try:
        layout.check_marker()
    except (StoreMissing, StoreTooNew):
        # The catalog opened, is authenticated and not newer than this program; the marker is plain.
        layout.write_marker()
        return ("The file that marks the store was written anew.",)
    return ()


def _mend_folders(layout: Layout) -> tuple[str, ...]:
    gone = [name for name in FAN_OUT if not (layout.objects / name).is_dir()]
    if not gone:
        return ()
    try:
        ObjectFolder(layout.objects).create()
    except OSError as fault:
        raise store_fault(fault) from fault
    return (f"{len(gone)} folders of objects that were missing were made again, empty.",)


def _is_whole(layout: Layout, keys: VaultKeys, expected: VaultHead | None) -> bool:
    """Whether the catalog opens and is sound to its last page."""
    if not layout.catalog.exists():
        return False
    try:
        catalog = layout.open_catalog(keys)
        try:
            # Rows that point nowhere are no damage of the disk's, and no copy is better for them.
            if any(not fault.startswith("foreign key") for fault in catalog.faults()):
                return False
            if any(catalog.put_back(lambda: None)):
                return False
            is_newest = expected is None or catalog.has_passed(expected)
        finally:
            catalog.close()
    except StoreDamaged:
        return False
    if not is_newest:
        raise RolledBack
    return True


def _restore(
    layout: Layout,
    keys: VaultKeys,
    expected: VaultHead | None,
    is_cancelled: IsCancelled,
    done: tuple[str, ...],
) -> Mended:
    found = find_copy(layout, keys)
    if found is None:
        raise StoreDamaged(
            "The list of images is damaged, and there is no copy of it that opens.",
            "Restore the store from a backup; the images in it were not touched.",
        )
    epoch, copied = found
    with copy_key(keys, epoch) as spare_key:
        if count_faults(layout.copy, spare_key):
            raise StoreDamaged(
                "The list of images is damaged, and so is its copy.",
                "Restore the store from a backup; the images in it were not touched.",
            )
        with catalog_key(keys, epoch) as key:
            fresh = _take_copy(layout, spare_key, key, is_cancelled)
    salvaged, kept, now = _complete(layout, keys, fresh, epoch)
    try:
        sync_file(fresh)
        _set_aside(layout)
        replace_patiently(fresh, layout.catalog)
        sync_folder(layout.folder)
    except OSError as fault:
        raise store_fault(fault) from fault
    fork = Fork(expected, copied, now)
    done = (*done, *_mend_marker(layout), "The list of images was put back from its copy.")
    return Mended((*done, *_salvage_words(salvaged)), _losses(fork, salvaged, kept), fork)


def _take_copy(layout: Layout, spare_key: Secret, key: Secret, is_cancelled: IsCancelled) -> Path:
    fresh = layout.folder / "catalog.mended"
    remove_leftovers(fresh)
    write_copy(layout.copy, spare_key, fresh, key, is_cancelled, Event())
    return fresh


def _set_aside(layout: Layout) -> None:
    """Give the damaged catalog, and its log, a second name; it keeps the first where that works."""
    number = 1
    while (aside := layout.folder / f"catalog.damaged-{number}").exists():
        number += 1
    log = layout.catalog.with_name(layout.catalog.name + _LOG)
    if log.exists():
        log.replace(aside.with_name(aside.name + _LOG))
    if not layout.catalog.exists():
        return
    try:
        os.link(layout.catalog, aside)
    except OSError:  # a disk without hard links: a crash right here is mended by a second repair
        replace_patiently(layout.catalog, aside)
    sync_folder(layout.folder)


def _complete(
    layout: Layout, keys: VaultKeys, fresh: Path, epoch: int
) -> tuple[Salvaged, int, VaultHead]:
    with catalog_key(keys, epoch) as key:
        catalog = Catalog(fresh, key)
        try:
            salvaged = _salvage(layout.catalog, keys, catalog)
            kept = remember_orphans(layout, catalog)
            return salvaged, kept, catalog.head()
        finally:
            catalog.close()


def _salvage(damaged: Path, keys: VaultKeys, catalog: Catalog) -> Salvaged:
    if not damaged.exists():
        return Salvaged()
    for epoch in sorted(keys.epochs, reverse=True):
        with catalog_key(keys, epoch) as key:
            found = Salvage(damaged, key, catalog).run()
        if found.patients or found.images:
            return found
    return Salvaged()


def remember_orphans(layout: Layout, catalog: Catalog) -> int:
    """Begin a fresh generation in which what no row lists is kept for good; return how many."""
    objects, count = ObjectFolder(layout.objects), 0
    with catalog.write() as cursor:  # one more generation in any case: the fork
        for bucket in FAN_OUT:
            names = [name for name in objects.names_in(bucket) if is_object(name)]
            orphans = unlisted(cursor, bucket, names)
            keep_orphans(cursor, orphans)
            count += len(orphans)
    return count


def _salvage_words(salvaged: Salvaged) -> tuple[str, ...]:
    if not salvaged.patients and not salvaged.images:
        return ()
    words = f"{len(salvaged.patients)} newer patients and {len(salvaged.images)} newer images"
    return (f"{words} were taken over from the damaged list.",)


def _losses(fork: Fork, salvaged: Salvaged, kept: int) -> tuple[str, ...]:
    lost = []
    written = fork.written
    if written is None:
        lost.append("How much was written since the copy was made is not known.")
    elif written > 0:
        lost.append(
            f"{written} changes were made after the copy; those to images and patients that it"
            " knew (teeth, notes, holds, settings, drafts) are lost."
        )
    if salvaged.unreadable:
        lost.append("Some newer images could not be read from the damaged list.")
    if kept:
        lost.append(
            f"{kept} objects belong to images that the list does not know any more. They are kept:"
            " a backup made after the copy lists them."
        )
    return tuple(lost)
