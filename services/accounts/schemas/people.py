"""What callers send about members and sessions, and what they get."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from services.accounts.domain import leaving as rules
from services.accounts.domain import totp
from services.accounts.domain.block import Block
from services.accounts.domain.credentials import PASSWORD_MAX, PASSWORD_MIN, normal_email
from services.accounts.domain.measures import Measures, from_words
from services.accounts.domain.member import Member, Record
from services.accounts.schemas.figures import LevelShape, figures
from shared import web
from shared.documents import Doc
from shared.languages import LANGUAGES
from shared.web.record import AsClientShape, AsWorkerShape

EMAIL_MAX = 254
NAME_MAX = 60
BIO_MAX = 3000
SKILL_MAX = 50

_LOCALE = validate.OneOf(LANGUAGES)
_KIND = validate.OneOf(["individual", "company"])


class EmailField(fields.String):
    """An e-mail address, loaded in its one normal form."""

    _is_address = validate.Email()
    _CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

    def __init__(self, **how: Any) -> None:
        length = validate.Length(3, EMAIL_MAX)
        super().__init__(validate=length, metadata={"format": "email"}, **how)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > EMAIL_MAX or self._CONTROLS.search(text):
            raise ValidationError("Not a valid email address.")
        email = normal_email(text)
        self._is_address(email)
        return email


class Registration(Schema):
    """`POST /v1/members`."""

    email = EmailField(required=True)
    password = fields.String(
        required=True, load_only=True, validate=validate.Length(PASSWORD_MIN, PASSWORD_MAX)
    )
    display_name = web.Text(NAME_MAX, line=True, required=True)
    locale = fields.String(required=True, validate=_LOCALE)
    kind = fields.String(required=True, validate=_KIND)


class ProfileChange(Schema):
    """`PATCH /v1/me`: what is left out stays as it is."""

    display_name = web.Text(NAME_MAX, line=True)
    locale = fields.String(validate=_LOCALE)
    bio = web.Text(BIO_MAX, least=0)
    skills = fields.List(web.Text(SKILL_MAX, line=True), validate=validate.Length(max=50))
    categories = fields.List(
        fields.String(
            validate=[validate.Length(1, 64), validate.Regexp(r"[a-z0-9][a-z0-9._-]*\Z")]
        ),
        validate=validate.Length(max=20),
    )
    links = fields.List(web.Link(), validate=validate.Length(max=20))


class PeopleQuery(web.PageArgs):
    """`GET /v1/members`."""

    q = web.Text(100, load_default=None)
    skill = web.Text(SKILL_MAX, load_default=None)
    category = web.Text(64, load_default=None)


class ReviewsCount(Schema):
    """How many reviews said what."""

    satisfied = fields.Integer(required=True)
    unsatisfied = fields.Integer(required=True)


class RecordShape(Schema):
    """What a member did here."""

    contracts_completed = fields.Integer(required=True)
    contracts_cancelled = fields.Integer(required=True)
    reviews = fields.Nested(ReviewsCount(), required=True)
    level = fields.Nested(LevelShape(), required=True)
    as_client = fields.Nested(AsClientShape(), required=True)
    as_worker = fields.Nested(AsWorkerShape(), required=True)


class PersonShape(Schema):
    """What anybody may see of a member."""

    id = fields.String(required=True)
    display_name = fields.String(required=True)
    kind = fields.String(required=True)
    bio = fields.String(required=True)
    skills = fields.List(fields.String(), required=True)
    categories = fields.List(fields.String(), required=True)
    links = fields.List(fields.String(), required=True)
    joined_at = web.When(required=True)
    record = fields.Nested(RecordShape(), required=True)


class Reviewer(Schema):
    """Who wrote a review."""

    id = fields.String(required=True)
    display_name = fields.String(required=True, allow_none=True)
    role = fields.String(required=True)


class ReviewShape(Schema):
    """A review that both sides can see."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    reviewer = fields.Nested(Reviewer(), required=True)
    satisfied = fields.Boolean(required=True)
    comment = fields.String(required=True)
    written_at = web.When(required=True)


class PublicShape(PersonShape):
    """A public profile, with the latest reviews."""

    reviews = fields.List(fields.Nested(ReviewShape()), required=True)


class PeopleShape(Schema):
    """One page of people."""

    items = fields.List(fields.Nested(PersonShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class UnmetShape(Schema):
    """What a service says is still open: codes."""

    service = fields.String(required=True)
    reasons = fields.List(fields.String(), required=True)


class LeavingNextShape(Schema):
    """What leaving waits for: the member while something is unmet, else the days that remain."""

    actor = fields.String(required=True, validate=validate.OneOf(["member", "system"]))
    action = fields.String(required=True)
    by = web.When(required=True)
    otherwise = fields.String(required=True)


class LeavingShape(Schema):
    """How far leaving is; `until` is when it is done at the earliest."""

    asked_at = web.When(required=True)
    until = web.When(required=True)
    unmet = fields.List(fields.Nested(UnmetShape()), required=True)
    cleared = fields.List(fields.String(), required=True)
    next = fields.Nested(LeavingNextShape(), required=True, allow_none=True)


class MeShape(PersonShape):
    """What a member sees of themselves."""

    leaving = fields.Nested(LeavingShape(), required=True, allow_none=True)

    email = fields.String(required=True)
    email_verified = fields.Boolean(required=True)
    second_factor = fields.Boolean(required=True)
    locale = fields.String(required=True)
    state = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)


class BlockedPerson(Schema):
    """Who is blocked; the name is null when they have left."""

    id = fields.String(required=True)
    display_name = fields.String(required=True, allow_none=True)


class BlockShape(Schema):
    """Somebody whom one has blocked, since `at`."""

    member = fields.Nested(BlockedPerson(), required=True)
    at = web.When(required=True)


class BlocksShape(Schema):
    """One page of those whom one has blocked."""

    items = fields.List(fields.Nested(BlockShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ExportHrefShape(Schema):
    """Where one service gives what it holds about a member, as NDJSON."""

    service = fields.String(required=True)
    href = fields.String(required=True)


class ExportsShape(Schema):
    """Where to have all of it."""

    items = fields.List(fields.Nested(ExportHrefShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class KeysShape(Schema):
    """A JSON Web Key Set."""

    keys = fields.List(fields.Dict(keys=fields.String()), required=True)


def _leaving(member: Member) -> Doc | None:
    if (leaving := member.leaving) is None:
        return None
    return {
        "asked_at": leaving.asked_at,
        "until": leaving.until,
        "unmet": [{"service": name, "reasons": reasons} for name, reasons in leaving.unmet],
        "cleared": leaving.cleared,
        "next": rules.next_step(member),
    }


def me(member: Member) -> Doc:
    """Return what a member sees of themselves."""
    profile = member.profile
    return {
        "id": member.id,
        "email": member.email,
        "email_verified": member.email_verified_at is not None,
        "second_factor": totp.is_on(member),
        "display_name": member.display_name,
        "kind": member.kind,
        "locale": member.locale,
        "state": member.state,
        "leaving": _leaving(member),
        "roles": member.roles,
        "bio": profile.bio,
        "skills": profile.skills,
        "categories": profile.categories,
        "links": profile.links,
        "joined_at": member.joined_at,
        "record": _record(member.record, member.measures),
    }


def block(one: Block, names: Mapping[str, str]) -> Doc:
    """Return whom a member has blocked."""
    named = {"id": one.other_id, "display_name": names.get(one.other_id)}
    return {"member": named, "at": one.at}


def person(doc: Doc) -> Doc:
    """Return what anybody may see of a member, from the document."""
    names = ("display_name", "kind", "bio", "skills", "categories", "links", "joined_at")
    return {
        "id": doc["_id"],
        **{name: doc[name] for name in names},
        "record": _record(Record(**doc["record"]), from_words(doc.get("measures"))),
    }


def public(doc: Doc, reviews: list[Doc]) -> Doc:
    """Return a public profile."""
    return {**person(doc), "reviews": [_review(review) for review in reviews]}


def _record(record: Record, measured: Measures) -> Doc:
    return {
        "contracts_completed": record.contracts_completed,
        "contracts_cancelled": record.contracts_cancelled,
        "reviews": {
            "satisfied": record.reviews_satisfied,
            "unsatisfied": record.reviews_unsatisfied,
        },
        **figures(record, measured),
    }


def _review(doc: Doc) -> Doc:
    return {
        "id": doc["_id"],
        "title": doc["title"],
        "reviewer": {
            "id": doc["reviewer_id"],
            "display_name": doc["reviewer_name"],
            "role": doc["reviewer_role"],
        },
        "satisfied": doc["satisfied"],
        "comment": doc["comment"],
        "written_at": doc["at"],
    }
