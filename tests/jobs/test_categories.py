"""The tree of categories is whole, in both languages."""

import re

import pytest

from services.jobs.domain import category

pytestmark = pytest.mark.pure

NODES = [*category.TREE, *(part for field in category.TREE for part in field["children"])]
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


def test_ids_are_unique_stable_slugs() -> None:
    ids = [node["id"] for node in NODES]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id_) for id_ in ids)


def test_there_are_at_least_120_parts_in_two_levels() -> None:
    assert len(category.PARTS) >= 120
    assert all(len(field["children"]) >= 5 for field in category.TREE)
    assert all(part["children"] == [] for field in category.TREE for part in field["children"])


def test_the_id_of_a_part_begins_with_the_id_of_its_field() -> None:
    wrong = [part for part, field in category.PARTS.items() if not part.startswith(field + "-")]

    assert wrong == []


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_every_name_is_there_once_among_its_siblings(locale: str) -> None:
    for siblings in (category.TREE, *(field["children"] for field in category.TREE)):
        names = [node["name"][locale] for node in siblings]

        assert all(name and name == name.strip() for name in names)
        assert len(set(names)) == len(names)


def test_japanese_names_are_japanese_and_english_names_are_not() -> None:
    brands = {"Instagram", "TikTok", "X"}
    ja = [n["name"]["ja"] for n in NODES if not JAPANESE.search(n["name"]["ja"])]
    en = [n["name"]["en"] for n in NODES if not n["name"]["en"].isascii()]

    assert ja == []
    assert en == []
    assert brands <= {n["name"]["en"] for n in NODES}


def test_the_fields_that_the_trade_knows_are_there() -> None:
    known = {
        *("web", "design", "illustration", "writing", "system", "app", "translation", "video"),
        *("photo", "voice", "music", "survey", "data-entry", "office", "marketing", "social"),
        *("business", "consulting"),
    }

    assert known <= {node["id"] for node in category.TREE}


def test_a_job_is_found_under_its_part_and_under_its_field() -> None:
    assert category.path("design-logo") == ("design-logo", "design")
