"""Each numbered case of abuse is held by tests that exist; and those that fit nowhere else."""

import ast
import secrets
from functools import cache
from pathlib import Path

import pytest

from shared.web.document import operations
from tests.edge.abuse import CASES, INVARIANTS
from tests.edge.world import World, spec, yen
from tests.racers import at_once

TESTS = Path(__file__).resolve().parents[1]
HOW_MANY = 127


@cache
def functions(name: str) -> set[str]:
    tree = ast.parse((TESTS / name).read_text())
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}


@pytest.mark.pure
def test_every_case_is_held_by_tests_that_exist() -> None:
    assert list(CASES) == list(range(1, HOW_MANY + 1))
    assert list(INVARIANTS) == [f"I{number}" for number in range(36, 45)]
    missing = [
        (number, test)
        for number, case in {**CASES, **INVARIANTS}.items()
        for test in case.tests or ("no test",)
        if not (TESTS / test.partition("::")[0]).is_file()
        or test.partition("::")[2] not in functions(test.partition("::")[0])
    ]
    assert not missing, missing


@pytest.mark.pure
def test_nothing_is_uploaded() -> None:
    """Cases 114 to 118 are of files; whoever adds a route that takes some, adds their tests."""
    taken = {
        media
        for _, _, about in operations(spec())
        for media in about.get("requestBody", {}).get("content", {})
    }
    assert taken == {"application/json"}


@pytest.mark.pure
def test_no_route_moves_money_between_members() -> None:
    """What a member says about money names nobody who is to get it."""
    schemas = spec()["components"]["schemas"]
    for path, method, about in operations(spec()):
        if path.split("/")[2] not in ("wallet", "payouts", "holds") or method == "get":
            continue
        body = about.get("requestBody", {}).get("content", {}).get("application/json", {})
        words = schemas.get(body.get("schema", {}).get("$ref", "").rpartition("/")[2], {})
        assert not {w for w in words.get("properties", {}) if w.endswith("_id") or w == "to"}, path


def test_no_state_is_set_directly(world: World) -> None:
    contract, job = world.contract("funded"), world.job()
    before = world.snapshot()
    for path in (f"/v1/contracts/{contract}", f"/v1/holds/{world.hold_of(contract)}"):
        for method in ("PATCH", "PUT", "DELETE"):
            answer = world.client.send(method, path, {"state": "completed"}, If_Match="*")
            assert answer.status_code == 405, path
    answer = world.client.send("PATCH", f"/v1/jobs/{job}", {"state": "closed"}, If_Match="*")
    assert (answer.status_code, list(answer.json["fields"])) == (422, ["state"])
    assert world.snapshot() == before


def test_nobody_writes_to_the_ledger(world: World) -> None:
    before = world.snapshot()
    lines = [{"account": f"wallet:{world.client.id}", "amount": 10**6}]
    for who in (world.client, world.operator):
        for path in ("", "/", "/entries", "/proof", "/journal", "/seals"):
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                answer = who.send(method, f"/v1/ledger{path}", {"lines": lines})
                assert answer.status_code in (404, 405), (method, path)
    assert world.snapshot() == before


@pytest.mark.parametrize("length", [64, 128, 1024])
def test_long_passwords_are_good(world: World, length: int) -> None:
    assert world.newly(secrets.token_hex(512)[:length])["access_token"]


def test_of_two_operators_deciding_at_once_one_decides(world: World) -> None:
    contract = world.dispute()
    shares = (10_000, 60_000)

    def decide(n: int) -> tuple[int, str]:
        words = {"worker_gets": yen(shares[n]), "reason": "納品物を確認しました。"}
        path = f"/v1/contracts/{contract}/dispute/decide"
        answer = world.operator.send("POST", path, words, Idempotency_Key=f"op-{n}")
        return answer.status_code, answer.json.get("code", "")

    answers = at_once(2, decide)
    assert sorted(status for status, _ in answers) == [200, 409], answers
    world.pump()
    won = next(n for n, (status, _) in enumerate(answers) if status == 200)
    hold = world.client.sees(f"/v1/holds/{world.hold_of(contract)}")
    assert hold["released"] == yen(shares[won])


def test_of_agreeing_to_cancel_and_accepting_at_once_the_money_goes_one_way(world: World) -> None:
    for _ in range(3):
        contract = world.contract("delivered")
        path = f"/v1/contracts/{contract}"
        words = {"reason": "計画が変わりました。"}
        world.client.did(f"{path}/cancellation", words)
        acts = (
            (world.worker, f"{path}/cancellation/agree"),
            (world.client, f"{path}/milestones/1/accept"),
        )

        def act(n: int, acts=acts) -> int:  # type: ignore[no-untyped-def]
            who, where = acts[n]
            return who.send("POST", where, None, Idempotency_Key=f"{where}-{n}").status_code

        answers = at_once(2, act)
        assert set(answers) <= {200, 409}, answers
        assert 200 in answers
        world.pump()
        hold = world.client.sees(f"/v1/holds/{world.hold_of(contract)}")
        both = hold["released"]["amount"] + hold["refunded"]["amount"]
        assert (both, hold["state"] in ("released", "refunded")) == (hold["amount"]["amount"], True)
    proof = world.nobody.sees("/v1/ledger/proof")["currencies"]
    assert {sums["total"] for sums in proof.values()} == {0}


def test_whom_a_report_is_about_learns_nothing_of_it(world: World) -> None:
    about, reporter, notify = world.worker, world.stranger, world.db("notify")

    def learnt() -> tuple[int, int]:
        return (
            notify["feed"].count_documents({"concerns": about.id}),
            notify["notices"].count_documents({"member_id": about.id}),
        )

    before = learnt()
    reporter.did("/v1/reports", {"about": about.id, "reason": "harassment", "words": "ひどい。"})
    case = world.db("accounts")["cases"].find_one({"about_id": about.id}, sort=[("_id", -1)])
    assert case is not None
    assert learnt() == before
    export = about.send("GET", "/v1/exports/accounts").get_data(as_text=True)
    assert case["_id"] not in export
    assert reporter.id not in export
    words = {"outcome": "dismiss", "reason": "冗談。"}
    world.operator.did(f"/v1/cases/{case['_id']}/decide", words)
    assert learnt() == before
    [told] = notify["notices"].find({"about": case["_id"]})
    assert (told["member_id"], told["type"]) == (reporter.id, "report.answered")
