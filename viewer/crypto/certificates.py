"""X.509 certificates and their keys in PEM, as an audit server's mutual TLS asks for them."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from viewer.crypto.secret import Secret


class CertificateFault(Exception):
    """A certificate or key cannot be used; the message says why, for a person."""


def checked_chain(pem: bytes) -> int:
    """Return how many certificates a PEM file holds; at least one, and none of them over.

    Raises
    ------
    CertificateFault
        It holds none, or one that is not valid any more.
    """
    try:
        found = x509.load_pem_x509_certificates(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateFault("The file of the authority holds no certificate.") from None
    if any(each.not_valid_after_utc < datetime.now(UTC) for each in found):
        raise CertificateFault("A certificate of the authority is not valid any more.")
    return len(found)


def sealed_private_pem(certificate: bytes, key: bytes, password: str, passphrase: Secret) -> bytes:
    """Return a private key as PKCS #8 PEM, encrypted with `passphrase` in hex.

    `password` opens the given key, "" where it is not encrypted.

    Raises
    ------
    CertificateFault
        The key does not open, is none, or is another certificate's.
    """
    try:
        ours = x509.load_pem_x509_certificates(certificate)[0]
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateFault("The file of the certificate holds none.") from None
    private = _opened(key, password)
    if _public_bytes(private) != ours.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    ):
        raise CertificateFault("The key is another certificate's.")
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.view().hex().encode()),
    )


def _opened(key: bytes, password: str) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(key, password.encode() if password else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CertificateFault("The key does not open, or is none.") from None


def _public_bytes(private: PrivateKeyTypes) -> bytes:
    return private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
