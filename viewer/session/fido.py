"""How security keys are spoken to: over USB on Linux and macOS, by the system on Windows.

Source
------
CTAP 2.1 §12.5 (hmac-secret), §6.5 (PIN); Web Authentication Level 3 §10.1.4 (prf).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from fido2.client import (
    ClientError,
    DefaultClientDataCollector,
    Fido2Client,
    PinRequiredError,
    UserInteraction,
    WebAuthnClient,
)
from fido2.ctap import CtapDevice, CtapError
from fido2.ctap2.base import Ctap2
from fido2.ctap2.extensions import HmacSecretExtension
from fido2.ctap2.pin import ClientPin
from fido2.hid import CtapHidDevice
from fido2.webauthn import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialCreationOptions,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRequestOptions,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from viewer.crypto.secret import KEY_BYTES, Secret
from viewer.session.errors import SecurityKeyFault
from viewer.session.security_keys import Answer, KeyTalk

RP_ID = "bitewing.invalid"
"""No web site can have this name (RFC 2606), so none can ask a key for what it keeps for us."""
_ORIGIN = f"https://{RP_ID}"
_ES256, _EDDSA = -7, -8
_PATIENCE_MS = 60_000
_ERR = CtapError.ERR


class UsbKeys:
    """Keys that are spoken to directly (Linux, macOS)."""

    def __init__(
        self, devices: Callable[[], Iterable[CtapDevice]] = CtapHidDevice.list_devices
    ) -> None:
        self._devices = devices

    def make(self, user_handle: bytes, user_name: str, talk: KeyTalk) -> tuple[bytes, bool]:
        """Let the one key that is plugged in make a secret."""
        with self._plugged_in() as devices, _in_plain_words(talk):
            if len(devices) != 1:
                raise SecurityKeyFault(
                    f"{len(devices)} security keys are plugged in.", "Leave in the one to add."
                )
            client = self._client(devices[0], talk)
            if HmacSecretExtension.NAME not in client.info.extensions:
                raise _unsuitable()
            verify = bool(client.info.options.get("alwaysUv"))
            made = client.make_credential(
                _creation(user_handle, user_name, verify=verify), talk.stop
            )
            if not _was_enabled(made):
                raise _unsuitable()
            return bytes(made.raw_id), verify

    def ask(
        self, credential: bytes, challenge: bytes, talk: KeyTalk, *, verify: bool, label: str
    ) -> Answer:
        """Ask the key that holds the credential, whichever others are plugged in."""
        with self._plugged_in(label) as devices, _in_plain_words(talk):
            holder = next((each for each in devices if _may_hold(each, credential)), None)
            if holder is None:
                raise SecurityKeyFault(
                    f"This is not the security key of this account (“{label}”).",
                    "Plug that one in. If it is lost, type a recovery code.",
                )
            with _retries_told(holder):
                client = self._client(holder, talk)
                return _asked(client, _request(credential, challenge, verify=verify), talk)

    @contextmanager
    def _plugged_in(self, label: str = "") -> Iterator[list[CtapDevice]]:
        with ExitStack() as closed:
            try:
                devices = [closed.enter_context(each) for each in self._devices()]
            except OSError:
                raise SecurityKeyFault(
                    "The security keys of this computer cannot be read.",
                    "Ask whoever looks after it to give you the right to use them.",
                ) from None
            if not devices:
                named = f" (“{label}”)" if label else ""
                raise SecurityKeyFault(
                    "No security key is plugged in.",
                    f"Plug yours in{named} and try again. If it is lost, type a recovery code.",
                )
            yield devices

    def _client(self, device: CtapDevice, talk: KeyTalk) -> Fido2Client:
        return Fido2Client(device, _collector(), _Interaction(talk), [_hmac_secret()])


class WindowsKeys:
    """Keys behind the system's own windows, which also ask for PIN and touch.

    Written against python-fido2's client for webauthn.dll and run against fakes alone: this was
    never run on Windows.
    """

    def __init__(self, client: Callable[[], WebAuthnClient] | None = None) -> None:
        self._client = client or _windows_client

    def make(self, user_handle: bytes, user_name: str, talk: KeyTalk) -> tuple[bytes, bool]:
        """Let a key make a secret, and ask it once: only its answer tells whether it verifies."""
        with _in_plain_words(talk):
            made = self._client().make_credential(
                _creation(user_handle, user_name, verify=False), talk.stop
            )
            if not _was_enabled(made):
                raise _unsuitable()
        credential = bytes(made.raw_id)
        trial = self.ask(credential, secrets.token_bytes(32), talk, verify=False, label=user_name)
        trial.share.wipe()
        return credential, trial.is_verified

    def ask(
        self,
        credential: bytes,
        challenge: bytes,
        talk: KeyTalk,
        *,
        verify: bool,
        label: str,  # noqa: ARG002 - the system's window names no key
    ) -> Answer:
        """Let the system ask for the key that holds the credential."""
        with _in_plain_words(talk):
            return _asked(self._client(), _request(credential, challenge, verify=verify), talk)


def _windows_client() -> WebAuthnClient:
    from fido2.client.windows import WindowsClient

    return WindowsClient(_collector())


def _hmac_secret() -> HmacSecretExtension:
    return HmacSecretExtension()  # type: ignore[no-untyped-call]


def _collector() -> DefaultClientDataCollector:
    return DefaultClientDataCollector(_ORIGIN)


class _Interaction(UserInteraction):
    def __init__(self, talk: KeyTalk) -> None:
        self._talk = talk

    def prompt_up(self) -> None:
        self._talk.touch_wanted()

    def request_pin(
        self,
        permissions: ClientPin.PERMISSION,  # noqa: ARG002 - the library's signature
        rp_id: str | None,  # noqa: ARG002
    ) -> str | None:
        return self._talk.pin_wanted() or None


def _creation(
    user_handle: bytes, user_name: str, *, verify: bool
) -> PublicKeyCredentialCreationOptions:
    return PublicKeyCredentialCreationOptions(
        rp=PublicKeyCredentialRpEntity(name="Bitewing", id=RP_ID),
        user=PublicKeyCredentialUserEntity(name=user_name, id=user_handle),
        challenge=secrets.token_bytes(32),
        pub_key_cred_params=[
            PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=kind)
            for kind in (_ES256, _EDDSA)
        ],
        timeout=_PATIENCE_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=_verification(verify=verify),
        ),
        extensions={"prf": {}},
    )


def _request(
    credential: bytes, challenge: bytes, *, verify: bool
) -> PublicKeyCredentialRequestOptions:
    return PublicKeyCredentialRequestOptions(
        challenge=secrets.token_bytes(32),
        timeout=_PATIENCE_MS,
        rp_id=RP_ID,
        allow_credentials=[
            PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=credential)
        ],
        user_verification=_verification(verify=verify),
        extensions={"prf": {"eval": {"first": challenge}}},
    )


def _verification(*, verify: bool) -> UserVerificationRequirement:
    wanted = UserVerificationRequirement
    return wanted.REQUIRED if verify else wanted.DISCOURAGED


def _was_enabled(made: RegistrationResponse) -> bool:
    found = made.client_extension_results.prf
    return found is not None and bool(found.enabled)


def _asked(
    client: WebAuthnClient, request: PublicKeyCredentialRequestOptions, talk: KeyTalk
) -> Answer:
    response = client.get_assertion(request, talk.stop).get_response(0)
    found = response.client_extension_results.prf
    first = found.results.first if found is not None and found.results is not None else b""
    if len(first) != KEY_BYTES:
        raise _unsuitable()
    return Answer(Secret.consuming(first), response.response.authenticator_data.is_user_verified())


def _may_hold(device: CtapDevice, credential: bytes) -> bool:
    """Ask without a touch whether a key knows a credential; one that will not say may."""
    try:
        Ctap2(device).get_assertions(
            RP_ID,
            bytes(32),
            [{"type": "public-key", "id": credential}],
            options={"up": False},
        )
    except CtapError as fault:
        return fault.code not in (_ERR.NO_CREDENTIALS, _ERR.INVALID_CREDENTIAL)
    except ValueError:  # a key that speaks CTAP 1 alone
        return False
    return True


@contextmanager
def _retries_told(device: CtapDevice) -> Iterator[None]:
    """Say how many PINs are left where one was wrong."""
    try:
        yield
    except ClientError as fault:
        if _code(fault) is not _ERR.PIN_INVALID:
            raise
        left = ClientPin(Ctap2(device)).get_pin_retries()[0]
        raise SecurityKeyFault(
            "That is not the PIN of the security key.",
            f"It takes {left} more before it blocks itself.",
        ) from None


@contextmanager
def _in_plain_words(talk: KeyTalk) -> Iterator[None]:
    """Turn what a key or its client says into something a person can act on."""
    try:
        yield
    except PinRequiredError:
        if talk.is_cancelled:
            raise _cancelled() from None
        raise SecurityKeyFault(
            "This security key asks for its PIN.", "Try again and type it."
        ) from None
    except ClientError as fault:
        raise _said(fault, talk) from None
    except (OSError, CtapError, ValueError, RuntimeError):
        raise _cancelled() if talk.is_cancelled else _removed() from None
    except Exception as fault:
        if type(fault).__name__ != "ConnectionFailure":  # private to the library's transport
            raise
        raise _removed() from None


def _said(fault: ClientError, talk: KeyTalk) -> SecurityKeyFault:
    code = _code(fault)
    if talk.is_cancelled:
        return _cancelled()
    if code in (_ERR.PIN_BLOCKED, _ERR.PIN_AUTH_BLOCKED):
        return SecurityKeyFault(
            "The security key takes no PIN any more.",
            "Plug it in anew; if it stays blocked, type a recovery code in its place.",
        )
    if code is _ERR.PIN_INVALID:
        return SecurityKeyFault("That is not the PIN of the security key.", "Try again.")
    if fault.code is ClientError.ERR.TIMEOUT or code is _ERR.OPERATION_DENIED:
        return SecurityKeyFault(
            "The security key was not touched.", "Try again, and touch it when it blinks."
        )
    if fault.code is ClientError.ERR.DEVICE_INELIGIBLE:
        return SecurityKeyFault(
            "This is not the security key of this account.",
            "Plug that one in. If it is lost, type a recovery code.",
        )
    if fault.code is ClientError.ERR.CONFIGURATION_UNSUPPORTED:
        return _unsuitable()
    return _removed()


def _code(fault: ClientError) -> int | None:
    cause = fault.cause
    return cause.code if isinstance(cause, CtapError) else None


def _cancelled() -> SecurityKeyFault:
    return SecurityKeyFault("Waiting for the security key was cancelled.", "")


def _removed() -> SecurityKeyFault:
    return SecurityKeyFault(
        "The security key stopped answering.",
        "Plug it in again, leave it in, and touch it when it blinks.",
    )


def _unsuitable() -> SecurityKeyFault:
    return SecurityKeyFault(
        "This security key cannot keep a part of the account's key.",
        "Use one that speaks FIDO2 with the extension hmac-secret.",
    )
