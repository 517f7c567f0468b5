"""The tries that must fail, as far as they are about the store: each a test, here or where named.

The numbers are those of the design's list. A row that names a test which does not exist fails.
"""

from __future__ import annotations

import ast
import shutil
from functools import cache
from pathlib import Path

import attrs
import numpy as np
import pytest

from tests.support.practice import OFFICER, PASSWORD, found, open_clinic, write_images
from tests.unit.vault.made_up import new_keys, new_patient, new_picture
from viewer.app.use_cases import importing
from viewer.model.errors import BitewingError
from viewer.session.errors import DeviceSecretMissing
from viewer.session.keystore import FileKeyStore, MemoryKeyStore
from viewer.vault.errors import RolledBack
from viewer.vault.store import Vault

_TESTS = Path(__file__).resolve().parents[1]

TRIES: dict[str, tuple[str, ...]] = {
    "1 stolen folder, right password, no key store": (
        "features/test_tries.py::test_a_stolen_store_opens_nowhere_else_though_nothing_of_it_is_missing",
        "features/test_whole_path.py::test_a_stolen_folder_does_not_open_with_the_right_password",
        "unit/session/test_accounts.py::test_a_stolen_folder_does_not_open_with_the_right_password_alone",
        "unit/session/test_accounts.py::test_a_stolen_folder_does_not_open_on_a_machine_with_its_own_secret",
    ),
    "2 markers grepped on disk after SIGKILL": (
        "features/test_markers.py::test_a_whole_day_leaves_no_marker_when_the_power_is_cut",
        "features/test_markers.py::test_an_import_cut_in_the_middle_leaves_no_marker_and_a_sound_store",
        "features/test_markers.py::test_keys_and_backups_cut_in_the_middle_leave_no_marker",
        "features/test_markers.py::test_the_search_itself_finds_a_planted_copy",
        "unit/vault/test_attacks.py::test_no_name_and_no_pixel_is_on_disk_while_open_nor_after",
    ),
    "3 header bits, random bits, swap, truncate, append, transplant": (
        "unit/vault/v1/test_container.py::test_every_single_flipped_bit_is_refused",
        "unit/vault/v1/test_container_games.py::test_every_bit_of_a_three_hundred_byte_object_counts",
        "unit/vault/v1/test_container_games.py::test_any_set_of_flipped_bits_is_refused",
        "unit/vault/v1/test_container_games.py::test_every_length_it_can_be_cut_to_is_refused",
        "unit/vault/v1/test_container_games.py::test_every_way_to_order_drop_or_repeat_chunks_but_the_right_one_is_refused",
        "unit/vault/v1/test_container_games.py::test_a_final_flag_in_another_place_is_refused",
        "unit/vault/v1/test_container_games.py::test_another_stores_object_of_the_same_id_is_refused",
        "unit/vault/v1/test_container.py::test_appended_bytes_are_refused",
        "vectors/test_container_vectors.py::test_both_readers_refuse_a_vector_with_one_failure",
    ),
    "4 objects swapped between patients": (
        "unit/vault/test_attacks.py::test_an_object_moved_to_another_patient_is_refused",
        "unit/vault/test_attacks.py::test_an_object_transplanted_with_its_id_into_another_patients_row_is_refused",
        "unit/vault/test_attacks.py::test_one_patients_wrapped_key_in_anothers_row_opens_nothing",
    ),
    "5 nonce reuse over 10,000 saves and crashes": (
        "crash/test_campaign.py::test_no_key_meets_a_nonce_twice_over_saves_faults_and_kills",
        "crash/test_campaign.py::test_no_key_meets_a_nonce_twice_over_ten_thousand_saves_faults_and_kills",
        "unit/vault/v1/test_container.py::test_no_key_and_nonce_pair_is_used_twice",
    ),
    "6 page replay, cut log, whole-folder rollback": (
        "features/test_tries.py::test_a_page_of_an_earlier_catalog_never_loses_an_image_unnoticed",
        "features/test_tries.py::test_an_edit_is_not_undone_by_putting_back_its_one_page",
        "features/test_tries.py::test_every_earlier_state_of_the_whole_folder_is_refused",
        "unit/vault/test_attacks.py::test_a_log_cut_off_after_a_kill_is_found_by_the_head",
        "unit/vault/test_attacks.py::test_a_whole_folder_put_back_is_found_and_deletes_nothing",
        "unit/vault/test_attacks.py::test_every_damaged_page_of_the_catalog_is_refused_or_named",
        "unit/vault/test_rotation.py::test_the_history_goes_on_and_the_old_catalog_put_back_is_a_rollback",
    ),
    "9 SIGKILL at each step of save, rekey, rotate, erase, restore": (
        "crash/test_system_calls.py::test_a_kill_at_a_system_call_loses_nothing",
        "crash/test_system_calls.py::test_a_kill_at_every_system_call_loses_nothing",
        "crash/test_system_calls.py::test_a_disk_that_fails_at_every_system_call_loses_nothing",
        "crash/test_campaign.py::test_nothing_acknowledged_is_lost_over_some_kills",
        "crash/test_campaign.py::test_nothing_acknowledged_is_lost_over_a_thousand_kills",
        "crash/test_full_disk.py::test_a_disk_that_fills_up_says_so_and_loses_nothing",
        "features/test_backup.py::test_a_restore_that_was_cut_off_is_refused_as_a_store_and_goes_on",
    ),
    "10 hostile keyring: null back end, evil path, none": (
        "unit/session/test_keystore.py::test_a_back_end_that_keeps_nothing_is_noticed",
        "unit/session/test_keystore.py::test_no_key_store_running_fails_closed_whatever_the_environment_says",
        "unit/session/test_keystore.py::test_a_real_secret_service_keeps_it_in_a_hostile_environment",
        "unit/session/test_keystore.py::test_the_native_back_end_takes_nothing_from_the_environment",
        "unit/session/test_accounts.py::test_nothing_is_founded_where_the_key_store_keeps_nothing",
    ),
    "12 101 wrong passwords, also over restarts and clock changes": (
        "unit/session/test_guessing.py::test_a_hundred_and_one_wrong_guesses_never_help",
        "unit/session/test_guessing.py::test_a_guess_too_soon_is_not_even_looked_at",
        "unit/session/test_throttle.py::test_a_hundred_and_one_wrong_passwords_do_not_help",
        "unit/session/test_throttle.py::test_a_deleted_count_lets_nobody_in",
        "unit/session/test_totp.py::test_guessing_codes_by_way_of_dropping_is_throttled",
    ),
    "13 a code used twice, at two places, after the clock was set back": (
        "unit/session/test_totp.py::test_a_code_works_once",
        "unit/session/test_totp.py::test_a_code_works_once_at_two_desks",
        "unit/session/test_totp.py::test_of_two_programs_with_the_same_code_at_once_one_is_let_in",
        "unit/session/test_totp.py::test_a_clock_that_is_set_back_replays_nothing",
        "unit/session/test_totp.py::test_who_removes_or_sets_back_the_last_steps_gets_nobody_in",
        "unit/session/test_codes.py::test_of_two_programs_that_use_the_same_code_at_once_one_gets_in",
        "unit/session/test_codes.py::test_a_used_code_that_is_put_back_into_the_file_is_found",
    ),
    "14 logoff under modal, menu, drag, file dialog, second screen, running decode": (
        "ui/test_lock_destroys.py::test_a_lock_leaves_nothing_of_what_was_open",
        "ui/test_lock_destroys.py::test_a_caller_that_waits_in_a_dialogs_own_loop_goes_on_to_a_locked_practice",
        "ui/test_lock_destroys.py::test_something_dragged_out_is_dropped_nowhere",
        "ui/test_lock_destroys.py::test_an_import_and_its_reading_processes_end",
        "ui/test_lock_destroys.py::test_a_volume_that_is_still_coming_is_overwritten",
        "ui/test_lock_destroys.py::test_no_window_but_a_curtain_outlives_a_log_off",
        "features/test_clean_exit.py::test_a_lock_under_everything_leaves_two_bare_screens_and_nothing_in_memory",
        "ui/test_lock.py::test_the_lock_stands_in_front_of_all_and_can_not_be_closed_by_hand",
    ),
    "15 suspend, clock jump, synthetic events": (
        "unit/app/hosts/test_logind.py::test_sleep_waits_until_the_lock_is_done",
        "unit/app/hosts/test_logind.py::test_nobody_but_logind_is_believed_whomever_he_addresses",
        "unit/app/hosts/test_logind.py::test_a_bus_that_dies_locks_once_and_is_listened_to_again",
        "ui/test_computer.py::test_whatever_the_computer_says_it_locks_at_once_and_the_trail_says_why",
        "ui/test_computer.py::test_what_is_typed_at_the_door_is_gone_and_a_login_under_way_lets_nobody_in",
        "unit/session/test_idle.py::test_a_sleep_that_stopped_the_clock_counts_through_the_wall_clock",
        "unit/session/test_idle.py::test_setting_the_wall_clock_back_buys_no_time",
        "ui/test_lock.py::test_events_that_the_program_made_are_no_activity",
    ),
    "16 process memory after lock: key, password, name, pixels": (
        "features/test_clean_exit.py::test_a_lock_under_everything_leaves_two_bare_screens_and_nothing_in_memory",
        "unit/session/test_forgetting.py::test_after_a_lock_no_key_and_no_password_is_left_in_the_process",
        "unit/session/test_hardening.py::test_what_the_c_library_freed_is_overwritten",
    ),
    "17 malicious files": (
        "features/test_hostile_set.py::test_every_file_is_stored_set_aside_or_refused_with_a_reason",
        "features/test_hostile_set.py::test_nothing_was_written_outside_the_store",
        "features/test_hostile_set.py::test_the_store_is_sound_and_holds_no_preamble_and_no_name_in_clear",
        "features/test_hostile_set.py::test_pictures_with_programs_in_their_preambles_come_in_without_them",
        "features/test_hostile_set.py::test_bombs_and_liars_are_set_aside_and_links_pipes_and_strangers_only_refused",
        "features/test_hostile_set.py::test_a_second_import_of_the_set_doubles_nothing",
        "features/test_quarantine.py::test_a_damaged_file_is_set_aside_once_with_its_reason_and_nothing_of_it_is_in_clear",
        "unit/ingest/test_decoder.py::test_a_child_that_dies_or_lies_is_one_refusal",
        "unit/ingest/test_decoder.py::test_a_hanging_child_is_ended_at_its_deadline",
        "unit/ingest/test_decoder.py::test_the_childs_memory_stays_within_its_budget_when_a_bomb_goes_off",
        "unit/ingest/test_sandbox.py::test_the_locked_down_child_cannot",
        "fuzz/test_parsers.py::test_a_damaged_file_from_outside_never_ends_the_import_nor_holds_it_up",
        "fuzz/test_parsers.py::test_a_damaged_input_is_refused_in_our_own_words_and_with_little_memory",
        "fuzz/test_parsers.py::test_a_coverage_guided_search_finds_no_other_error",
        "fuzz/test_parsers.py::test_a_huge_file_in_a_small_ones_place_is_not_read_into_memory",
        "unit/vault/v1/test_container.py::test_a_huge_length_is_refused_before_anything_is_allocated",
        "unit/vault/v1/test_header.py::test_random_bytes_are_no_header",
    ),
    "18 break-glass with everything down": (
        "features/test_emergency.py::test_without_any_network_it_opens",
        "features/test_emergency.py::test_with_the_audit_server_down_it_opens",
        "features/test_emergency.py::test_on_a_full_disk_break_glass_alone_opens_from_the_start_of_the_program",
        "features/test_emergency.py::test_on_a_disk_that_can_only_be_read_it_opens_and_is_told_later",
        "features/test_emergency.py::test_killing_the_program_erases_nothing_that_waited",
        "features/test_emergency.py::test_removing_the_file_where_it_waited_is_told",
        "features/test_emergency.py::test_a_key_store_that_is_gone_is_answered_by_the_recovery_sheet",
        "features/test_emergency.py::test_a_key_store_that_is_locked_opens_nothing_and_says_so",
        "unit/session/test_break_glass.py::test_whoever_lost_the_phone_gets_in_without_its_code_and_no_further",
        "unit/session/test_break_glass.py::test_with_a_full_disk_break_glass_alone_goes_on",
        "unit/session/test_break_glass.py::test_a_code_works_once_and_a_second_use_is_told",
        "ui/test_emergency.py::test_the_sealed_code_takes_three_clicks_and_its_letters",
    ),
    "20 disposal, revocation, restore on an empty machine": (
        "features/test_keys.py::test_after_a_rotation_everybody_who_may_opens_and_a_disabled_copy_of_keys_does_not",
        "features/test_keys.py::test_the_certificate_is_genuine_and_its_digest_is_in_the_trail",
        "features/test_keys.py::test_a_backup_out_of_reach_keeps_the_old_epoch_and_the_certificate_says_so",
        "features/test_backup.py::test_erasing_a_patient_reaches_a_connected_backup_by_key",
        "features/test_backup.py::test_everything_comes_back_on_an_empty_machine_with_the_sheet_alone",
        "unit/session/test_recovered.py::test_a_copy_and_the_sheet_restore_the_practice_on_an_empty_machine",
    ),
}  # fmt: skip


@cache
def functions_of(path: Path) -> frozenset[str]:
    """Return the names of a file's functions; nothing where there is no file."""
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("name", TRIES)
def test_each_try_is_made_where_the_table_says(name: str) -> None:
    absent = []
    for address in TRIES[name]:
        path, _, function = address.partition("::")
        if function not in functions_of(_TESTS / path):
            absent.append(address)
    assert absent == []


# 1


def test_a_stolen_store_opens_nowhere_else_though_nothing_of_it_is_missing(tmp_path: Path) -> None:
    keystore = FileKeyStore(tmp_path / "keys" / "keys.json")
    found(tmp_path / "store", keystore)
    images = write_images(tmp_path / "images", cbct=False)
    with open_clinic(tmp_path / "store", keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        importing.import_paths(clinic, importing.ImportPaths((images,)))
    shutil.copytree(tmp_path / "store", tmp_path / "stolen")
    other_machine = MemoryKeyStore()
    found(tmp_path / "their own", other_machine)
    for thief in (MemoryKeyStore(), other_machine):
        with (
            pytest.raises((DeviceSecretMissing, BitewingError)),
            open_clinic(tmp_path / "stolen", thief) as clinic,
        ):
            clinic.log_in(OFFICER, PASSWORD)
    with open_clinic(tmp_path / "stolen", keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        assert clinic.vault.check(deep=True).is_sound


# 6


def state_of(vault: Vault) -> list[object]:
    """Return the people and pictures of a store."""
    people = [one.patient for one in vault.patients()]
    images = [image for person in people for image in vault.images(person.id)]
    return [people, images, [vault.open_pixels(image.id).tobytes() for image in images]]


def with_page(new: bytes, old: bytes, page: int) -> bytes:
    start, stop = page * 4096, (page + 1) * 4096
    return new[:start] + old[start:stop] + new[stop:]


def test_a_page_of_an_earlier_catalog_never_loses_an_image_unnoticed(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    Vault.create(folder, new_keys())
    person = new_patient()
    with Vault.open(folder, new_keys()) as vault:
        vault.add_patient(person)
        new_picture(person.id).put(vault)
    earlier = (folder / "catalog.db").read_bytes()
    with Vault.open(folder, new_keys()) as vault:
        for value in range(3):
            new_picture(person.id, np.full((5, 5), value, np.uint8)).put(vault)
        head, truth = vault.head(), state_of(vault)
    now = (folder / "catalog.db").read_bytes()
    unnoticed, noticed = [], 0
    for page in range(min(len(earlier), len(now)) // 4096):
        replayed = with_page(now, earlier, page)
        if replayed == now:
            continue
        (folder / "catalog.db").write_bytes(replayed)
        try:
            with Vault.open(folder, new_keys(), expected=head) as vault:
                is_same = state_of(vault) == truth
                is_found = bool(vault.check().findings)
        except BitewingError:
            noticed += 1
            continue
        noticed += is_found
        if not is_same and not is_found:
            unnoticed.append(page)
    assert unnoticed == []
    assert noticed > 3


def test_an_edit_is_not_undone_by_putting_back_its_one_page(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    Vault.create(folder, new_keys())
    person = new_patient()
    with Vault.open(folder, new_keys()) as vault:
        vault.add_patient(person)
        kept = new_picture(person.id).put(vault)
    earlier = (folder / "catalog.db").read_bytes()
    with Vault.open(folder, new_keys()) as vault:
        vault.update_record(attrs.evolve(kept, description="16 distal, deep"))
        head = vault.head()
    now = (folder / "catalog.db").read_bytes()
    undone = []
    for page in range(min(len(earlier), len(now)) // 4096):
        (folder / "catalog.db").write_bytes(with_page(now, earlier, page))
        try:
            with Vault.open(folder, new_keys(), expected=head) as vault:
                if vault.record(kept.id).description == "" and not vault.check(deep=True).findings:
                    undone.append(page)
        except BitewingError:
            continue
    assert undone == []


def test_every_earlier_state_of_the_whole_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    Vault.create(folder, new_keys())
    states = []
    person = new_patient()
    for step in range(4):
        with Vault.open(folder, new_keys()) as vault:
            if not step:
                vault.add_patient(person)
            new_picture(person.id, np.full((4, 4), step, np.uint8)).put(vault)
            head = vault.head()
        states.append(shutil.copytree(folder, tmp_path / f"state {step}"))
    for state in states[:-1]:
        with pytest.raises(RolledBack):
            Vault.open(state, new_keys(), expected=head)
    with Vault.open(states[-1], new_keys(), expected=head) as vault:
        assert len(vault.images(person.id)) == 4
