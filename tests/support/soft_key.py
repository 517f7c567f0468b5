"""A security key in software: CTAP 2.1 in CBOR, with hmac-secret, PIN (both protocols) and touch.

It is spoken to as a plugged-in key is, through python-fido2's `CtapDevice`, so all of the client
and its cryptography run for real. What it is told to do, it does to a test's order: not to be
touched, to be pulled out, to know no hmac-secret.

Source
------
CTAP 2.1 §6.1 (makeCredential), §6.2 (getAssertion), §6.4 (getInfo), §6.5 (clientPIN), §12.5
(hmac-secret).
"""

# What python-fido2 leaves untyped is called from the other side here.
# mypy: disable-error-code="no-untyped-call, no-any-return"

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterator, Mapping
from threading import Event
from typing import Any

import attrs
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256
from fido2.ctap import STATUS, CtapDevice, CtapError
from fido2.ctap2.base import Ctap2
from fido2.ctap2.pin import ClientPin, PinProtocolV1, PinProtocolV2
from fido2.hid import CAPABILITY, CTAPHID
from fido2.utils import sha256
from fido2.webauthn import AttestedCredentialData, AuthenticatorData

ERR = CtapError.ERR
FLAG = AuthenticatorData.FLAG
_AAGUID = b"bitewing softkey"


@attrs.frozen(eq=False)
class _Credential:
    rp_id: str
    user: Mapping[str, Any]
    private: ec.EllipticCurvePrivateKey
    random_with_uv: bytes = attrs.field(factory=lambda: secrets.token_bytes(32))
    random_without_uv: bytes = attrs.field(factory=lambda: secrets.token_bytes(32))


class SoftKey(CtapDevice):
    """One key. It keeps its credentials when it is pulled out and put in again."""

    def __init__(
        self,
        pin: str = "",
        *,
        always_uv: bool = False,
        has_hmac_secret: bool = True,
        protocols: tuple[int, ...] = (2, 1),
    ) -> None:
        self.pin, self.always_uv, self.has_hmac_secret = pin, always_uv, has_hmac_secret
        self.is_plugged_in = True
        self.is_touched = True
        self.pulled_at: int | None = None
        """The command at which somebody pulls it out."""
        self.touches = 0
        self.retries = 8
        self._protocols = protocols
        self._credentials: dict[bytes, _Credential] = {}
        self._agreement = ec.generate_private_key(ec.SECP256R1())
        self._token: bytes | None = None
        self._counter = 0
        self._parts: dict[int, Callable[..., Mapping[int, Any]]] = {
            Ctap2.CMD.GET_INFO: self._info,
            Ctap2.CMD.MAKE_CREDENTIAL: self._make_credential,
            Ctap2.CMD.GET_ASSERTION: self._get_assertion,
            Ctap2.CMD.CLIENT_PIN: self._client_pin,
        }

    @property
    def capabilities(self) -> int:
        return int(CAPABILITY.CBOR)

    @classmethod
    def list_devices(cls) -> Iterator[CtapDevice]:
        return iter(())

    def call(
        self,
        cmd: int,
        data: bytes = b"",
        event: Event | None = None,
        on_keepalive: Callable[[STATUS], None] | None = None,
    ) -> bytes:
        if cmd != CTAPHID.CBOR:
            return bytes([ERR.INVALID_COMMAND])
        if self.pulled_at == data[0]:
            self.is_plugged_in = False
        if not self.is_plugged_in:
            raise OSError(19, "No such device")
        part = self._parts.get(data[0])
        if part is None:
            return bytes([ERR.INVALID_COMMAND])
        try:
            asked = cbor.decode(data[1:]) if len(data) > 1 else {}
            self._touch = lambda: self._wait_for_touch(event, on_keepalive)
            return b"\0" + cbor.encode(part(asked))
        except CtapError as refused:
            return bytes([refused.code])

    def _wait_for_touch(
        self, event: Event | None, on_keepalive: Callable[[STATUS], None] | None
    ) -> None:
        if on_keepalive:
            on_keepalive(STATUS.UPNEEDED)
        if event is not None and event.is_set():
            raise CtapError(ERR.KEEPALIVE_CANCEL)
        if not self.is_touched:
            raise CtapError(ERR.USER_ACTION_TIMEOUT)
        self.touches += 1

    def _info(self, _: Mapping[int, Any]) -> Mapping[int, Any]:
        options = {
            "rk": False,
            "up": True,
            "clientPin": bool(self.pin),
            "pinUvAuthToken": True,
            "alwaysUv": self.always_uv,
            "makeCredUvNotRqd": not self.always_uv,
        }
        return {
            1: ["FIDO_2_0", "FIDO_2_1"],
            2: ["hmac-secret"] if self.has_hmac_secret else [],
            3: _AAGUID,
            4: options,
            5: 2048,
            6: list(self._protocols),
        }

    # --- PIN -------------------------------------------------------------------------------

    def _client_pin(self, asked: Mapping[int, Any]) -> Mapping[int, Any]:
        command = asked[2]
        if command == ClientPin.CMD.GET_PIN_RETRIES:
            return {3: self.retries}
        if command == ClientPin.CMD.GET_KEY_AGREEMENT:
            public = self._agreement.public_key()
            numbers = public.public_numbers()
            x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
            return {1: {1: 2, 3: -25, -1: 1, -2: x, -3: y}}
        if command == ClientPin.CMD.GET_TOKEN_USING_PIN:
            return {2: self._token_for(asked)}
        raise CtapError(ERR.INVALID_COMMAND)

    def _token_for(self, asked: Mapping[int, Any]) -> bytes:
        if not self.pin:
            raise CtapError(ERR.PIN_NOT_SET)
        if self.retries == 0:
            raise CtapError(ERR.PIN_BLOCKED)
        protocol, shared = self._shared(asked[1], asked[3])
        self.retries -= 1
        if protocol.decrypt(shared, asked[6]) != sha256(self.pin.encode())[:16]:
            self._agreement = ec.generate_private_key(ec.SECP256R1())
            raise CtapError(ERR.PIN_INVALID if self.retries else ERR.PIN_BLOCKED)
        self.retries = 8
        self._token = secrets.token_bytes(32)
        return protocol.encrypt(shared, self._token)

    def _shared(self, version: int, peer: Mapping[int, Any]) -> tuple[PinProtocolV1, bytes]:
        if version not in self._protocols:
            raise CtapError(ERR.INVALID_PARAMETER)
        protocol = PinProtocolV2() if version == 2 else PinProtocolV1()
        x, y = (int.from_bytes(peer[at], "big") for at in (-2, -3))
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        return protocol, protocol.kdf(self._agreement.exchange(ec.ECDH(), public))

    def _is_verified(self, client_data_hash: bytes, tag: bytes | None, version: int | None) -> bool:
        if tag is None:
            return False
        protocol = PinProtocolV2() if version == 2 else PinProtocolV1()
        if self._token is None or tag != protocol.authenticate(self._token, client_data_hash):
            raise CtapError(ERR.PIN_AUTH_INVALID)
        return True

    # --- credentials -----------------------------------------------------------------------

    def _make_credential(self, asked: Mapping[int, Any]) -> Mapping[int, Any]:
        verified = self._is_verified(asked[1], asked.get(8), asked.get(9))
        if self.always_uv and not verified:
            raise CtapError(ERR.PUAT_REQUIRED)
        if not any(kind["alg"] == ES256.ALGORITHM for kind in asked[4]):
            raise CtapError(ERR.UNSUPPORTED_ALGORITHM)
        self._touch()
        private = ec.generate_private_key(ec.SECP256R1())
        credential_id = secrets.token_bytes(48)
        self._credentials[credential_id] = _Credential(asked[2]["id"], asked[3], private)
        extensions = None
        if self.has_hmac_secret and (asked.get(6) or {}).get("hmac-secret"):
            extensions = {"hmac-secret": True}
        public = ES256.from_cryptography_key(private.public_key())
        attested = AttestedCredentialData.create(_AAGUID, credential_id, public)
        auth_data = self._auth_data(
            asked[2]["id"], FLAG.UP | FLAG.AT, verified, bytes(attested), extensions
        )
        return {1: "none", 2: bytes(auth_data), 3: {}}

    def _get_assertion(self, asked: Mapping[int, Any]) -> Mapping[int, Any]:
        listed = [bytes(each["id"]) for each in asked.get(3) or []]
        is_silent = (asked.get(5) or {}).get("up") is False
        verified = self._is_verified(asked[2], asked.get(6), asked.get(7))
        if self.always_uv and not verified and not is_silent:
            raise CtapError(ERR.PUAT_REQUIRED)
        if not is_silent:
            self._touch()
        found = [each for each in listed if self._knows(each, asked[1])]
        if not found:
            raise CtapError(ERR.NO_CREDENTIALS)
        credential = self._credentials[found[0]]
        extensions = None
        if self.has_hmac_secret and "hmac-secret" in (asked.get(4) or {}):
            answer = self._hmac_secret(credential, asked[4]["hmac-secret"], verified)
            extensions = {"hmac-secret": answer}
        flags = FLAG(0) if is_silent else FLAG.UP
        auth_data = self._auth_data(asked[1], flags, verified, b"", extensions)
        signed = credential.private.sign(bytes(auth_data) + asked[2], ec.ECDSA(hashes.SHA256()))
        return {1: {"type": "public-key", "id": found[0]}, 2: bytes(auth_data), 3: signed}

    def _knows(self, credential_id: bytes, rp_id: str) -> bool:
        credential = self._credentials.get(credential_id)
        return credential is not None and credential.rp_id == rp_id

    def _hmac_secret(
        self, credential: _Credential, asked: Mapping[int, Any], verified: bool
    ) -> bytes:
        protocol, shared = self._shared(asked.get(4, 1), asked[1])
        if protocol.authenticate(shared, asked[2]) != asked[3]:
            raise CtapError(ERR.PIN_AUTH_INVALID)
        salts = protocol.decrypt(shared, asked[2])
        if len(salts) not in (32, 64):
            raise CtapError(ERR.INVALID_LENGTH)
        key = credential.random_with_uv if verified else credential.random_without_uv
        macs = [
            hmac.new(key, salts[at : at + 32], hashlib.sha256).digest()
            for at in range(0, len(salts), 32)
        ]
        return protocol.encrypt(shared, b"".join(macs))

    def _auth_data(
        self,
        rp_id: str,
        flags: FLAG,
        verified: bool,
        attested: bytes,
        extensions: Mapping[str, Any] | None,
    ) -> AuthenticatorData:
        self._counter += 1
        if verified:
            flags |= FLAG.UV
        if extensions:
            flags |= FLAG.ED
        return AuthenticatorData.create(
            sha256(rp_id.encode()), flags, self._counter, attested, extensions
        )


class Port:
    """The USB ports of a workstation: what is plugged in is found."""

    def __init__(self, *keys: SoftKey) -> None:
        self.keys = list(keys)

    def __call__(self) -> list[CtapDevice]:
        return [key for key in self.keys if key.is_plugged_in]
