"""The public keys, for whoever checks our tokens."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Response
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from services.accounts.schemas import people as schemas
from shared import web
from shared.auth import PublicKey

key_set = web.blueprint("keys", __name__, prefix="/.well-known")


@key_set.get("/jwks.json")
@key_set.response(200, schemas.KeysShape())
@web.public
def public_keys() -> Response:
    """Read the public keys that access tokens are checked with.

    200 a JSON Web Key Set.
    """
    found = web.keys().public()
    response = web.answer({"keys": [_jwk(kid, key) for kid, key in found.items()]})
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _jwk(kid: str, key: PublicKey) -> dict[str, Any]:
    if isinstance(key, Ed25519PublicKey):
        return {**OKPAlgorithm.to_jwk(key, as_dict=True), "kid": kid, "use": "sig", "alg": "EdDSA"}
    return {**ECAlgorithm.to_jwk(key, as_dict=True), "kid": kid, "use": "sig", "alg": "ES256"}
