"""Onion addresses that are whole, checksum included, and lead nowhere."""

from __future__ import annotations

import base64
import hashlib


def onion(number: int) -> str:
    """Return the host name of an onion service: another for each number."""
    key = hashlib.sha256(f"no service {number}".encode()).digest()
    check = hashlib.sha3_256(b".onion checksum" + key + b"\x03").digest()[:2]
    return base64.b32encode(key + check + b"\x03").decode().lower() + ".onion"
