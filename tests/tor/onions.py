"""Onion addresses for tests, valid and not."""

from __future__ import annotations

import base64
import hashlib


def onion_of(key: bytes = bytes(32), version: int = 3) -> str:
    """Return the address of a public key of 32 bytes."""
    end = bytes([version])
    checksum = hashlib.sha3_256(b".onion checksum" + key + end).digest()[:2]
    return base64.b32encode(key + checksum + end).decode().lower() + ".onion"
