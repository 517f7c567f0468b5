"""Keys and the recovery key for the windows."""

from __future__ import annotations

from collections.abc import Callable

from viewer.app.jobs import JobControl
from viewer.app.use_cases import keys, outlook, recovery
from viewer.session.permissions import KeyName
from viewer.ui import ports, store_ports
from viewer.wiring.asking import Asking


class StoreKeys(Asking):
    """Keys, sealing anew, the recovery key. Main thread only."""

    def key_facts(
        self, on_done: Callable[[store_ports.KeyFacts], None], on_fault: ports.OnFault
    ) -> ports.Running:
        """Say how the keys stand."""
        return self._submit(
            outlook.show_keys,
            outlook.ShowKeys(),
            lambda state: on_done(_key_facts(state)),
            on_fault,
        )

    def change_keys(
        self,
        on_done: Callable[[store_ports.KeysChanged], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Begin new keys and bring the store and its backups to them."""
        return self._submit(
            keys.rotate_keys,
            keys.RotateKeys(),
            lambda done: on_done(
                store_ports.KeysChanged(
                    done.rotated.epoch,
                    done.rotated.keys,
                    len(done.retired),
                    done.pending,
                    len(done.rotated.damaged),
                )
            ),
            on_fault,
            on_progress,
        )

    def seal_anew(
        self,
        on_done: Callable[[store_ports.SealedAnew], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Seal every image anew under fresh keys, or go on with it."""
        return self._submit(
            keys.seal_anew,
            keys.SealAnew(),
            lambda done: on_done(
                store_ports.SealedAnew(done.objects, done.size_bytes, len(done.left))
            ),
            on_fault,
            on_progress,
        )

    def prove_recovery(
        self, typed: str, on_done: Callable[[bool], None], on_fault: ports.OnFault
    ) -> ports.Running:
        """Say whether what was typed opens every key."""
        return self._submit(
            recovery.prove_recovery, recovery.ProveRecovery(typed), on_done, on_fault
        )

    def replace_recovery(
        self, on_done: Callable[[ports.RecoveryKey], None], on_fault: ports.OnFault
    ) -> ports.Running:
        """Make a new recovery key."""
        clinic = self._clinic

        def work(control: JobControl) -> ports.RecoveryKey:
            fresh = recovery.replace_recovery(clinic, recovery.ReplaceRecovery(), control)
            groups = fresh.groups
            fresh.wipe()
            return ports.RecoveryKey(groups, clinic.practice.name)

        return self._workstation.jobs.submit(work, on_done, on_fault)


def _key_facts(state: outlook.KeyState) -> store_ports.KeyFacts:
    why = ""
    if KeyName.IMAGES in state.due:
        why = "somebody lost access or the recovery sheet was replaced since."
    return store_ports.KeyFacts(
        state.epoch,
        state.since,
        why,
        state.is_unfinished,
        len(state.older),
        state.pending,
        state.recovery_proved,
    )
