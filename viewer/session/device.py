"""Keys of the workstation: all from its device secret, each for one purpose and one practice."""

from __future__ import annotations

import platform

from viewer.crypto.derive import context, derive, digest
from viewer.crypto.secret import Secret
from viewer.session.errors import DeviceSecretMissing
from viewer.session.keystore import KeyStore


def device_key(secret: Secret, purpose: str, practice_id: str) -> Secret:
    """Return the workstation's key for a purpose ("accounts", "trail signing"…)."""
    return derive(secret, context("bitewing device key v1", purpose, practice_id))


def device_id(secret: Secret) -> str:
    """Return the workstation's opaque id: 16 hex digits that say nothing about the secret."""
    with derive(secret, context("bitewing device id v1")) as public:
        return digest(public.view()).hex()[:16]


def require_device_secret(keystore: KeyStore) -> Secret:
    """Return the device secret; the caller wipes it.

    Raises
    ------
    DeviceSecretMissing
        This key store has none.
    NoKeyStore
        It cannot be asked.
    """
    secret = keystore.device_secret()
    if secret is None:
        raise DeviceSecretMissing
    return secret


def workstation_name() -> str:
    """Return the computer's name, for people who read the trail."""
    return platform.node() or "this computer"
