"""What jobs are found by of their clients, from what other services told of them."""

from collections.abc import Collection, Iterator, Mapping

from services.jobs.domain.job import Known
from services.jobs.domain.wanted import facet
from services.jobs.people import PAYERS, RECORDS
from services.jobs.records import JOBS, VERIFIED
from shared.documents import Doc
from shared.store import Db


def known(db: Db, client_ids: Collection[str]) -> Mapping[str, Known]:
    """Return what is known of these members as clients."""
    wanted: Doc = {"_id": {"$in": sorted(client_ids)}}
    verified, payers = (
        {doc["_id"] for doc in db[name].find(wanted, {"_id": 1})} for name in (VERIFIED, PAYERS)
    )
    rates = {
        doc["_id"]: (doc.get("as_client") or {}).get("rejection_rate") or {}
        for doc in db[RECORDS].find(wanted, {"as_client.rejection_rate": 1})
    }
    return {
        id_: Known.of(
            is_verified=id_ in verified,
            has_paid=id_ in payers,
            rejected=rates.get(id_, {}).get("hits", 0),
            judged=rates.get(id_, {}).get("sample", 0),
        )
        for id_ in client_ids
    }


def stale_jobs(db: Db, now_known: Mapping[str, Known]) -> Iterator[tuple[str, Known]]:
    """Yield open jobs of these clients that say something else of them, with what is right."""
    owners = [facet("owner", id_) for id_ in sorted(now_known)]
    where = {"state": {"$in": ["open"]}, "facets": {"$in": owners}}
    for doc in db[JOBS.collection].find(where, {"client_id": 1, "client_known": 1}):
        right = now_known[doc["client_id"]]
        if Known(**doc.get("client_known", {})) != right:
            yield doc["_id"], right


def untold_payers(db: Db, client_ids: Collection[str]) -> set[str]:
    """Return those of these members of whose having paid their jobs do not know yet."""
    told = db[PAYERS].find({"_id": {"$in": sorted(client_ids)}, "is_told": True}, {"_id": 1})
    return set(client_ids) - {doc["_id"] for doc in told}
