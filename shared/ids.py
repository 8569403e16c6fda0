"""Ids: a prefix that says what kind of thing it is, and a part that sorts by birth.

mem_ member · job_ · pro_ proposal · qst_ question · ent_ entry · asg_ assignment · lst_ listing ·
sea_ saved search · mat_ match ·
off_ offer · con_ contract · hld_ hold · pay_ payout · msg_ message · rev_ review · ntf_ notice ·
whk_ webhook · evt_ event · req_ request · ses_ session · rep_ report · cas_ case
"""

import hashlib
import re

import uuid_utils

PATTERN = re.compile(r"[a-z]{3}_[0-9a-f]{32}")


def new(prefix: str) -> str:
    """Return a new id; a later one sorts after an earlier one (UUIDv7)."""
    return f"{prefix}_{uuid_utils.uuid7().hex}"


def derived(prefix: str, *parts: str) -> str:
    """Return the id that always comes from these parts: the same cause makes the same thing."""
    return f"{prefix}_{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"


def is_id(text: str, prefix: str) -> bool:
    """Say whether this could be the id of such a thing."""
    return text.startswith(prefix + "_") and PATTERN.fullmatch(text) is not None
