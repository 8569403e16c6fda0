"""The key pair that signs access tokens."""

from pathlib import Path

import jwt
import pytest

from deploy import keys

pytestmark = pytest.mark.pure


def test_a_pair_is_made_once(tmp_path: Path) -> None:
    assert keys.ensure(tmp_path) == keys.ensure(tmp_path)
    assert len(list((tmp_path / "private").iterdir())) == 1


def test_what_the_private_key_signs_the_public_key_verifies(tmp_path: Path) -> None:
    (kid,) = keys.ensure(tmp_path)
    private = (tmp_path / "private" / f"{kid}.pem").read_text()
    public = (tmp_path / "public" / f"{kid}.pem").read_text()
    token = jwt.encode({"sub": "mem_1"}, private, "EdDSA", headers={"kid": kid})
    assert jwt.decode(token, public, ["EdDSA"]) == {"sub": "mem_1"}


def test_private_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    (kid,) = keys.ensure(tmp_path)
    assert (tmp_path / "private").stat().st_mode & 0o077 == 0
    assert (tmp_path / "private" / f"{kid}.pem").stat().st_mode & 0o077 == 0


def test_rotation_adds_a_pair_and_keeps_the_old_one(tmp_path: Path) -> None:
    old = keys.ensure(tmp_path)
    both = keys.ensure(tmp_path, rotate=True)
    assert len(both) == 2
    assert set(old) < set(both)
    assert {path.stem for path in (tmp_path / "public").iterdir()} == set(both)


def test_a_lost_public_key_is_made_again(tmp_path: Path) -> None:
    (kid,) = keys.ensure(tmp_path)
    public = tmp_path / "public" / f"{kid}.pem"
    before = public.read_text()
    public.unlink()
    keys.ensure(tmp_path)
    assert public.read_text() == before


def test_a_secret_is_made_once_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "some" / "secret"
    assert keys.secret(path) == keys.secret(path)
    assert len(keys.secret(path)) >= 32
    assert path.stat().st_mode & 0o077 == 0
