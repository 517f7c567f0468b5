"""Keys of people and devices: X25519 pairs, HPKE to a person, Ed25519 signatures."""

from __future__ import annotations

import attrs
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@attrs.frozen
class KeyPair:
    """A private key in a wipeable secret and the public key that goes with it (32 bytes each)."""

    private: Secret
    public: bytes


def new_sealing_pair() -> KeyPair:
    """Return a fresh X25519 pair that `seal_to` can address."""
    key = X25519PrivateKey.generate()
    return KeyPair(Secret.consuming(key.private_bytes_raw()), key.public_key().public_bytes_raw())


def sealing_public(private: Secret) -> bytes:
    """Return the public half of an X25519 private key."""
    return X25519PrivateKey.from_private_bytes(private.view()).public_key().public_bytes_raw()


def seal_to(public: bytes, inner: Secret, context: bytes) -> bytes:
    """Seal a key to the holder of `public` (HPKE base mode, RFC 9180)."""
    return _SUITE.encrypt(inner.view(), X25519PublicKey.from_public_bytes(public), info=context)


def unseal_from(private: Secret, sealed: bytes, context: bytes) -> Secret:
    """Return the key that was sealed to this private key.

    Raises
    ------
    NotAuthentic
        It was sealed to somebody else, for another context, or was changed.
    """
    key = X25519PrivateKey.from_private_bytes(private.view())
    try:
        return Secret.consuming(_SUITE.decrypt(sealed, key, info=context))
    except (InvalidTag, ValueError):
        raise NotAuthentic from None


def new_signing_pair() -> KeyPair:
    """Return a fresh Ed25519 pair."""
    key = Ed25519PrivateKey.generate()
    return KeyPair(Secret.consuming(key.private_bytes_raw()), key.public_key().public_bytes_raw())


def signing_public(private: Secret) -> bytes:
    """Return the public half of an Ed25519 private key (any 32 random bytes are one)."""
    return Ed25519PrivateKey.from_private_bytes(private.view()).public_key().public_bytes_raw()


def sign(private: Secret, message: bytes) -> bytes:
    """Return the 64-byte Ed25519 signature (RFC 8032)."""
    return Ed25519PrivateKey.from_private_bytes(private.view()).sign(message)


def check_signature(public: bytes, message: bytes, signature: bytes) -> None:
    """Return only if the signature is genuine.

    Raises
    ------
    NotAuthentic
        It is not.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise NotAuthentic("A signature is not genuine.") from None
