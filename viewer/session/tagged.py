"""Small JSON files that only this workstation can have written, and that cannot be set back.

A file carries a version and a tag under a key from the device secret; version and digest are also
kept outside, in the key store. An older file, an edited one or none at all is `AccountsTampered`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import rfc8785

from viewer.crypto.derive import context, digest, is_same_tag, keyed_tag
from viewer.crypto.secret import Secret
from viewer.session.device import device_key, require_device_secret
from viewer.session.errors import AccountsTampered, AccountsUnwritable
from viewer.session.files import write_atomically
from viewer.session.keystore import Head, KeyStore


class TaggedFile:
    """One such file. The caller holds a lock while it reads to write."""

    def __init__(self, path: Path, keystore: KeyStore, practice_id: str, name: str) -> None:
        self._path = path
        self._keystore = keystore
        self._practice_id = practice_id
        self._name = name

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self._path

    @property
    def is_new(self) -> bool:
        """Whether it was never written: no file, and nothing outside that knows of one.

        Raises
        ------
        NoKeyStore
            It cannot be told.
        """
        return self._outside() is None and not self._path.exists()

    def read(self) -> dict[str, Any]:
        """Return the content that was written last.

        Raises
        ------
        AccountsTampered
            The file is not that.
        DeviceSecretMissing, NoKeyStore
            It cannot be told.
        """
        return self._read()[0]

    def write(self, content: dict[str, Any]) -> None:
        """Replace the content.

        Raises
        ------
        AccountsTampered
            What is replaced is not what was written last.
        AccountsUnwritable
            The disk refused.
        DeviceSecretMissing, NoKeyStore
            It cannot be tagged.
        """
        self._write(content, 1 if self.is_new else self._read()[1] + 1)

    def replace(self, content: dict[str, Any]) -> None:
        """Write without looking at what was there: only by right of the recovery key.

        Raises
        ------
        AccountsUnwritable, DeviceSecretMissing, NoKeyStore
            Nothing was changed.
        """
        outside = self._outside()
        self._write(content, outside.size + 1 if outside else 1)

    def _outside(self) -> Head | None:
        return self._keystore.read_head(self._practice_id, self._name)

    def _write(self, content: dict[str, Any], version: int) -> None:
        body = rfc8785.dumps({"content": content, "version": version})
        with require_device_secret(self._keystore) as secret, self._key(secret) as key:
            tag = keyed_tag(key, self._counted(body)).hex()
        raw = rfc8785.dumps({"body": json.loads(body), "tag": tag})
        try:
            write_atomically(self._path, raw)
        except OSError:
            raise AccountsUnwritable from None
        self._keep_head(version, body)

    def _read(self) -> tuple[dict[str, Any], int]:
        try:
            whole = json.loads(self._path.read_bytes())
            body = rfc8785.dumps(whole["body"])
            tag = bytes.fromhex(whole["tag"])
            content, version = whole["body"]["content"], int(whole["body"]["version"])
        except FileNotFoundError:
            raise AccountsTampered("A file of the accounts is missing.") from None
        except OSError:
            raise AccountsTampered("A file of the accounts cannot be read.") from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise AccountsTampered from None
        with require_device_secret(self._keystore) as secret, self._key(secret) as key:
            if not is_same_tag(keyed_tag(key, self._counted(body)), tag):
                raise AccountsTampered
        self._compare_with_outside(version, body)
        if not isinstance(content, dict):
            raise AccountsTampered
        return content, version

    def _compare_with_outside(self, version: int, body: bytes) -> None:
        outside = self._outside()
        known = outside.size if outside else 0
        if version < known or (outside is None and version > 1):
            raise AccountsTampered("The accounts of this practice were set back.")
        if version == known and outside and outside.digest != digest(body).hex():
            raise AccountsTampered("The accounts of this practice were set back.")
        if version > known:  # the machine went down between the file and its head
            self._keep_head(version, body)

    def _keep_head(self, version: int, body: bytes) -> None:
        head = Head(version, digest(body).hex())
        self._keystore.write_head(self._practice_id, self._name, head)

    def _key(self, secret: Secret) -> Secret:
        return device_key(secret, f"tag of {self._name}", self._practice_id)

    def _counted(self, body: bytes) -> bytes:
        return context("bitewing tagged file v1", self._practice_id, self._name, body)
