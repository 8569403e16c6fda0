"""What the documents say that no code says: habits of the whole surface."""

SERVICES_SAY = {
    "accounts": "who the members are",
    "jobs": "work that is offered, and who is chosen",
    "contracts": "what was agreed, delivered and accepted",
    "escrow": "the money, held and released",
    "notify": "who is told what",
}

DESCRIPTION = """\
Ukeoi is the back end of a crowdsourcing marketplace. A client posts work, people propose, the
money is held before the work begins and is paid out when it is accepted. Silence always resolves:
whatever waits says in `next` who must act, by when, and what happens otherwise; `actions` says what
this caller may do now, or the codes of why not.

**Habits.** JSON in snake_case. Times are RFC 3339 in UTC with milliseconds. Ids are prefixed
(`con_...`) and sort by birth. Money is `{"amount": 75000, "currency": "JPY"}`, `amount` a whole
number of minor units. Unknown words in a request are refused (422).

**Tokens.** `POST /v1/sessions` answers an access token for 15 minutes (`Authorization: Bearer ...`)
and a refresh token for one use. The keys are at `/.well-known/jwks.json`.

**Once.** Every POST honours `Idempotency-Key`; where money moves it is required. The same key and
words act once: a repetition answers the first status and `Location`, the representation as it is
now, and `Idempotency-Replayed: true`. The same key with other words is 422. Keys are kept for 24
hours or longer; `/v1/members` and `/v1/sessions` ignore them.

**Versions.** Representations carry an `ETag`. PATCH and PUT need `If-Match`: 428 without, 412 when
somebody was faster.

**Lists** are `{"items": [...], "next_cursor": ...}`, with `?limit=` from 1 to 100 (20 unless said)
and `?cursor=`. A cursor is opaque.

**Errors** are `application/problem+json` (RFC 9457). `code` is stable; each is explained at
[/docs/problems](/docs/problems). 401 comes before everything else of a route; 404 also stands for
what this caller may not see.

**Limits.** The gateway limits requests by member and by address; 429 says in `Retry-After` how many
seconds to wait. A body may have 1 MiB, a header line 8 KiB, an address 8 KiB.

**Tracing.** `X-Request-ID` and `traceparent` are taken or made, answered, and carried into events.

**After a 202**, and for a member just registered, another service may answer 404 for a moment: ask
again. The ids in the answer are final.
"""

EVENTS_DESCRIPTION = """\
What the services tell each other, and nobody else needs to: members get the part that concerns them
from `GET /v1/events`.

Each type is a routing key of the topic exchange `ukeoi.events`; each service hears on one durable
quorum queue, `<service>.inbox`. Messages are CloudEvents 1.0 in binary mode: the attributes are the
`ce-` headers, the body is the JSON described here. They are persistent, published with `mandatory`
and confirmed.

A fact may come twice and out of order. `ce-id` names it for ever; `ce-subject` and `ce-version`
order the facts of one thing. A publisher may add words to a type, so a hearer ignores those that
it does not know; it never takes one away or changes its meaning.
"""
