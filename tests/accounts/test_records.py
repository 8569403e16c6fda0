"""Members and sessions go into documents and come back the same."""

import pytest

from services.accounts.domain.measures import (
    AsClient,
    AsWorker,
    Measures,
    Median,
    Rate,
    measure,
)
from services.accounts.domain.member import Member, Profile, Record
from services.accounts.domain.session import Session
from services.accounts.records import MEMBERS, SESSIONS
from tests.accounts.builders import a_member, a_session


@pytest.mark.pure
@pytest.mark.parametrize(
    "member",
    [
        a_member(),
        a_member(profile=Profile(), roles=("ops",), state="suspended"),
        a_member(measures=measure([], facts=7)),
        a_member(
            measures=Measures(
                as_client=AsClient(time_to_fund=Median(60, 2), rejection=Rate(1, 3)),
                as_worker=AsWorker(on_time=Rate(2, 2)),
            )
        ),
        a_member(record=Record(contracts_completed=3, reviews_unsatisfied=1)),
    ],
)
def test_a_member_comes_back_the_same(member: Member) -> None:
    assert MEMBERS.from_doc(MEMBERS.to_doc(member)) == member


@pytest.mark.pure
@pytest.mark.parametrize("session", [a_session(), a_session(state="revoked")])
def test_a_session_comes_back_the_same(session: Session) -> None:
    assert SESSIONS.from_doc(SESSIONS.to_doc(session)) == session


@pytest.mark.pure
def test_the_largest_member_stays_small() -> None:
    profile = Profile(
        bio="".join(chr(0x4E00 + n) for n in range(3000)),
        skills=tuple(chr(0x5E00 + n) * 50 for n in range(50)),
        categories=tuple(f"{n}" * 32 for n in range(20)),
        links=tuple("https://example.com/" + "x" * 480 for _ in range(20)),
    )
    import bson

    assert len(bson.encode(MEMBERS.to_doc(a_member(profile=profile)))) < 256 * 1024
