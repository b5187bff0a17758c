"""An authenticator in software, with the browser around it, makes passkeys and signs with them (WebAuthn)."""

import hashlib
import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, SYNCABLE, SYNCED, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One passkey. Its attributes can be set to what no honest one says."""

    origin: str = "http://127.0.0.1:8000"
    flags: int = PRESENT | VERIFIED | SYNCABLE | SYNCED
    count: int = 0
    host: str | None = None
    user: bytes = b""
    id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: str) -> str:
        """What `navigator.credentials.create()` gives."""
        asked = json.loads(options)
        self.host, self.user = self.host or asked["rp"]["id"], unb64(asked["user"]["id"])
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor2.dumps(cose)
        data = self._data(self.flags | ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        said = {"attestationObject": b64(attestation), "transports": ["internal"]}
        return self._credential(self._client_data("webauthn.create", asked), said)

    def get(self, options: str) -> str:
        """What `navigator.credentials.get()` gives."""
        asked = json.loads(options)
        client, data = self._client_data("webauthn.get", asked), self._data(self.flags)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        said = {"authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(self.user)}
        return self._credential(client, said)

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256((self.host or "").encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client_data(self, kind: str, asked: dict) -> bytes:
        return json.dumps({"type": kind, "challenge": asked["challenge"], "origin": self.origin}).encode()

    def _credential(self, client: bytes, said: dict) -> str:
        response = {"clientDataJSON": b64(client), **said}
        return json.dumps({"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response})
