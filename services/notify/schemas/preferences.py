"""Preferences as callers send and get them."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, post_load, validate

from services.notify.domain.preferences import ALWAYS, CHANNELS, TYPES, Preferences, Quiet
from shared import web

TIME = validate.Regexp(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z", error="Not a time of day, as 22:00.")


class PreferenceWords(Schema):
    """One type of event on each channel; a channel left out is on."""

    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    inbox = web.Flag(load_default=True)
    mail = web.Flag(load_default=True)


class QuietWords(Schema):
    """From when to when no mail is sent, unless what it asks for is due before they end."""

    start = fields.String(required=True, validate=TIME, data_key="from")
    end = fields.String(required=True, validate=TIME, data_key="to")

    @post_load
    def _quiet(self, words: dict[str, str], **_: Any) -> Quiet:
        return Quiet(**words)


class DigestWords(Schema):
    """At what time of the day to mail all that one may know in one, what is to be done first."""

    at = fields.String(required=True, validate=TIME)


class PreferencesWords(Schema):
    """Everything that is to be set; a type left out is on everywhere, anything else is off.

    `zone` is an IANA time zone, Asia/Tokyo when it is null.
    """

    types = fields.List(
        fields.Nested(PreferenceWords), required=True, validate=validate.Length(max=len(TYPES))
    )
    zone = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 64))
    quiet = fields.Nested(QuietWords, load_default=None, allow_none=True)
    digest = fields.Nested(DigestWords, load_default=None, allow_none=True)


class PreferenceShape(PreferenceWords):
    """`always`: it asks you to act, so its inbox cannot be switched off."""

    always = fields.Boolean(required=True)


class PreferencesShape(Schema):
    """Every type of event that people are told of, and when mail is sent.

    `mail_bounces`: mail does not reach the caller's address, and none is sent there any more.
    """

    types = fields.List(fields.Nested(PreferenceShape), required=True)
    zone = fields.String(required=True, allow_none=True)
    quiet = fields.Nested(QuietWords, required=True, allow_none=True)
    digest = fields.Nested(DigestWords, required=True, allow_none=True)
    mail_bounces = fields.Boolean(required=True)


def preferences_words(preferences: Preferences, address: str | None) -> dict[str, Any]:
    """Return a member's preferences, every type spelled out."""
    quiet = preferences.quiet
    return {
        "types": [
            {
                "type": type_,
                **{channel: preferences.wants(type_, channel) for channel in CHANNELS},
                "always": type_ in ALWAYS,
            }
            for type_ in TYPES
        ],
        "zone": preferences.zone,
        "quiet": {"from": quiet.start, "to": quiet.end} if quiet else None,
        "digest": {"at": preferences.digest_at} if preferences.digest_at else None,
        "mail_bounces": preferences.bounced is not None and preferences.bounced == address,
    }


def wishes(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the words of the rule `prefer` from `PreferencesWords`."""
    off = {
        channel: [one["type"] for one in words["types"] if not one[channel]] for channel in CHANNELS
    }
    at = words["digest"]["at"] if words["digest"] else None
    return {"off": off, "zone": words["zone"], "quiet": words["quiet"], "digest_at": at}
