"""OpenPGP public keys of vendors who do not exist: nobody has their private halves.

A version 4 Ed25519 key packet and a user id, in armour. The point is a hash, so the same
person always has the same key, and no library and no random numbers are needed.
"""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from hashlib import sha1, sha256

_ED25519 = bytes.fromhex("16092B06010401DA470F01")  # the algorithm (22) and the curve's id


def _key_packet(person: str, created: int) -> bytes:
    point = b"\x40" + sha256(person.encode()).digest()
    return b"\x04" + created.to_bytes(4, "big") + _ED25519 + (263).to_bytes(2, "big") + point


def _checksum(data: bytes) -> bytes:
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return (crc & 0xFFFFFF).to_bytes(3, "big")


@lru_cache(maxsize=1024)
def public_key(person: str, name: str, created: int = 1_400_000_000) -> tuple[str, str]:
    """Return a person's armoured key and its fingerprint; ``name`` is the user id in it."""
    key, user = _key_packet(person, created), name.encode()
    packets = bytes([0xC6, len(key)]) + key + bytes([0xCD, len(user)]) + user
    coded = b64encode(packets).decode()
    lines = [coded[at : at + 64] for at in range(0, len(coded), 64)]
    armoured = "\n".join(
        (
            "-----BEGIN PGP PUBLIC KEY BLOCK-----",
            "",
            *lines,
            "=" + b64encode(_checksum(packets)).decode(),
            "-----END PGP PUBLIC KEY BLOCK-----",
        )
    )
    hashed = b"\x99" + len(key).to_bytes(2, "big") + key
    return armoured, sha1(hashed).hexdigest().upper()  # a v4 fingerprint is SHA-1
