"""What callers send about members and sessions, and what they get."""

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from services.accounts.domain.credentials import PASSWORD_MAX, PASSWORD_MIN, normal_email
from services.accounts.domain.letter import Letter
from services.accounts.domain.member import Member, Record
from services.accounts.domain.session import ACCESS_LIFE_S, Login, Session
from shared import web
from shared.documents import Doc

EMAIL_MAX = 254
NAME_MAX = 60
BIO_MAX = 3000
SKILL_MAX = 50
TOKEN_MAX = 200

_LOCALE = validate.OneOf(["ja", "en"])
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


class Credentials(Schema):
    """`POST /v1/sessions`."""

    email = EmailField(required=True)
    password = fields.String(
        required=True, load_only=True, validate=validate.Length(1, PASSWORD_MAX)
    )


class PasswordChange(Schema):
    """`PUT /v1/me/password`."""

    current_password = fields.String(
        required=True, load_only=True, validate=validate.Length(1, PASSWORD_MAX)
    )
    password = fields.String(
        required=True, load_only=True, validate=validate.Length(PASSWORD_MIN, PASSWORD_MAX)
    )


class ResetAsked(Schema):
    """`POST /v1/password-resets`."""

    email = EmailField(required=True)


class ResetWords(Schema):
    """`PUT /v1/password-resets/{token}`."""

    password = fields.String(
        required=True, load_only=True, validate=validate.Length(PASSWORD_MIN, PASSWORD_MAX)
    )


class AskedShape(Schema):
    """A letter was asked for."""

    email = fields.String(required=True)
    expires_at = web.When(required=True)


class SessionShape(Schema):
    """One login that goes on."""

    id = fields.String(required=True)
    started_at = web.When(required=True)
    last_used_at = web.When(required=True)
    expires_at = web.When(required=True)
    agent = fields.String(required=True)
    present = fields.Boolean(required=True, metadata={"description": "the one that asks"})


class SessionsShape(Schema):
    """One's own sessions."""

    items = fields.List(fields.Nested(SessionShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class RefreshWords(Schema):
    """`POST /v1/sessions/refresh`."""

    refresh_token = fields.String(required=True, validate=validate.Length(1, TOKEN_MAX))


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


class MeShape(PersonShape):
    """What a member sees of themselves."""

    email = fields.String(required=True)
    email_verified = fields.Boolean(required=True)
    locale = fields.String(required=True)
    state = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)


class LoginShape(Schema):
    """Tokens: the access token for `Authorization`, the refresh token for once."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "seconds"})
    member = fields.Nested(MeShape(), required=True)


class KeysShape(Schema):
    """A JSON Web Key Set."""

    keys = fields.List(fields.Dict(keys=fields.String()), required=True)


def me(member: Member) -> Doc:
    """Return what a member sees of themselves."""
    profile = member.profile
    return {
        "id": member.id,
        "email": member.email,
        "email_verified": member.email_verified_at is not None,
        "display_name": member.display_name,
        "kind": member.kind,
        "locale": member.locale,
        "state": member.state,
        "roles": member.roles,
        "bio": profile.bio,
        "skills": profile.skills,
        "categories": profile.categories,
        "links": profile.links,
        "joined_at": member.joined_at,
        "record": _record(member.record),
    }


def person(doc: Doc) -> Doc:
    """Return what anybody may see of a member, from the document."""
    names = ("display_name", "kind", "bio", "skills", "categories", "links", "joined_at")
    return {
        "id": doc["_id"],
        **{name: doc[name] for name in names},
        "record": _record(Record(**doc["record"])),
    }


def public(doc: Doc, reviews: list[Doc]) -> Doc:
    """Return a public profile."""
    return {**person(doc), "reviews": [_review(review) for review in reviews]}


def login(found: Login) -> Doc:
    """Return what a login or a refresh gives."""
    return {
        "access_token": found.access_token,
        "refresh_token": found.refresh_token,
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE_S,
        "member": me(found.member),
    }


def asked(letter: Letter) -> Doc:
    """Return what is said of a letter that was asked for, whether there is anybody or not."""
    return {"email": letter.email, "expires_at": letter.expires_at}


def session(found: Session, *, present: str) -> Doc:
    """Return one login as its member sees it; `present` is the id of the one that asks."""
    return {
        "id": found.id,
        "started_at": found.started_at,
        "last_used_at": found.last_used_at,
        "expires_at": found.expires_at,
        "agent": found.agent,
        "present": found.id == present,
    }


def _record(record: Record) -> Doc:
    return {
        "contracts_completed": record.contracts_completed,
        "contracts_cancelled": record.contracts_cancelled,
        "reviews": {
            "satisfied": record.reviews_satisfied,
            "unsatisfied": record.reviews_unsatisfied,
        },
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
