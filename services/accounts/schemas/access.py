"""What callers send and get about logging in, letters, second factors, tokens, measures."""

from datetime import timedelta

from marshmallow import Schema, fields, validate

from services.accounts.domain.api_token import DAYS_MAX, ApiToken
from services.accounts.domain.credentials import PASSWORD_MAX, PASSWORD_MIN
from services.accounts.domain.letter import Letter
from services.accounts.domain.member import Sanction
from services.accounts.domain.sanction import ANSWER_DAYS
from services.accounts.domain.session import ACCESS_LIFE_S, Login, Session
from services.accounts.schemas.people import NAME_MAX, EmailField, MeShape, me
from shared import web
from shared.documents import Doc

TOKEN_MAX = 200
REASON_MAX = 2000


class Credentials(Schema):
    """`POST /v1/sessions`."""

    email = EmailField(required=True)
    password = fields.String(
        required=True, load_only=True, validate=validate.Length(1, PASSWORD_MAX)
    )


class LoginWords(Credentials):
    """`POST /v1/sessions`; `code` is of the second factor, or a recovery code."""

    code = fields.String(load_only=True, validate=validate.Length(6, 40))


class TotpBegin(Schema):
    """`POST /v1/me/totp`."""

    current_password = fields.String(
        required=True, load_only=True, validate=validate.Length(1, PASSWORD_MAX)
    )


class TotpCode(Schema):
    """`POST /v1/me/totp/on`."""

    code = fields.String(required=True, load_only=True, validate=validate.Length(6, 40))


class TotpEnd(TotpBegin):
    """`POST /v1/me/totp/off`."""

    code = fields.String(required=True, load_only=True, validate=validate.Length(6, 40))


class LeaveWords(TotpBegin):
    """`POST /v1/me/leave`: with a second factor also its code."""

    code = fields.String(load_default=None, load_only=True, validate=validate.Length(6, 40))


class TotpShape(Schema):
    """A secret, in base32 and for a QR code."""

    secret = fields.String(required=True)
    uri = fields.String(required=True)


class RecoveryShape(Schema):
    """Codes for who loses the device, each for once."""

    recovery_codes = fields.List(fields.String(), required=True)


class ApiTokenWords(Schema):
    """`POST /v1/me/tokens`."""

    name = web.Text(NAME_MAX, line=True, required=True)
    scopes = fields.List(
        fields.String(validate=validate.OneOf(["read", "write", "money"])),
        required=True,
        validate=validate.Length(1, 3),
    )
    days = web.Whole(1, DAYS_MAX, load_default=90)


class ApiTokenShape(Schema):
    """A personal API token."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    made_at = web.When(required=True)
    expires_at = web.When(required=True)


class NewApiTokenShape(ApiTokenShape):
    """A new one; `token` is null when the request is replayed."""

    token = fields.String(required=True, allow_none=True)


class ApiTokensShape(Schema):
    """One's personal API tokens."""

    items = fields.List(fields.Nested(ApiTokenShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ExchangeWords(Schema):
    """`POST /v1/sessions/exchange`."""

    token = fields.String(required=True, load_only=True, validate=validate.Length(1, TOKEN_MAX))


class AccessShape(Schema):
    """An access token for `Authorization`."""

    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "seconds"})


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


class SanctionWords(Schema):
    """`POST /v1/members/{id}/sanctions`."""

    level = fields.String(required=True, validate=validate.OneOf(["warn", "suspend", "ban"]))
    reason = web.Text(REASON_MAX, required=True)
    until = web.When(load_default=None, allow_none=True)


class DecisionWords(Schema):
    """An operator's answer."""

    reason = web.Text(REASON_MAX, required=True)


class AppealWords(Schema):
    """`POST /v1/me/sanctions/{id}/appeal`."""

    text = web.Text(REASON_MAX, required=True)


class AppealWithoutToken(Credentials):
    """`POST /v1/sessions/appeals`."""

    text = web.Text(REASON_MAX, required=True)


class SanctionShape(Schema):
    """One measure, as its member and the operators see it."""

    id = fields.String(required=True)
    member_id = fields.String(required=True)
    level = fields.String(required=True)
    reason = fields.String(required=True)
    state = fields.String(required=True)
    at = web.When(required=True)
    until = web.When(required=True, allow_none=True)
    appeal = fields.String(required=True, allow_none=True)
    answer_by = web.When(required=True, allow_none=True)
    decision = fields.String(required=True, allow_none=True)
    decided_at = web.When(required=True, allow_none=True)


class SanctionsShape(Schema):
    """Measures."""

    items = fields.List(fields.Nested(SanctionShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


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


class LoginShape(Schema):
    """Tokens: the access token for `Authorization`, the refresh token for once."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "seconds"})
    member = fields.Nested(MeShape(), required=True)


def login(found: Login) -> Doc:
    """Return what a login or a refresh gives."""
    return {
        "access_token": found.access_token,
        "refresh_token": found.refresh_token,
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE_S,
        "member": me(found.member),
    }


def sanction(member_id: str, one: Sanction) -> Doc:
    """Return a measure; who decided is not the member's to know."""
    asked_at = one.appealed_at if one.state == "appealed" else None
    return {
        "id": one.id,
        "member_id": member_id,
        "level": one.level,
        "reason": one.reason,
        "state": one.state,
        "at": one.at,
        "until": one.until,
        "appeal": one.appeal,
        "answer_by": asked_at + timedelta(days=ANSWER_DAYS) if asked_at else None,
        "decision": one.decision or None,
        "decided_at": one.decided_at,
    }


def api_token(found: ApiToken) -> Doc:
    """Return a personal API token as its member sees it."""
    return {
        "id": found.id,
        "name": found.name,
        "scopes": found.scopes,
        "made_at": found.made_at,
        "expires_at": found.expires_at,
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
