"""Texts are cut and compared so that words are found inside Japanese and in English."""

import re

import pytest

from services.jobs.domain import text

pytestmark = pytest.mark.pure


def finds(query: str, in_: str) -> bool:
    """Say what the database would: all grams are there, and all phrases really stand there."""
    kept = text.normalised(in_)
    index = set(text.grams(kept))
    return all(
        set(text.grams_of_query(phrase)) <= index and re.search(text.pattern(phrase), kept)
        for phrase in text.phrases(query)
    )


@pytest.mark.parametrize(
    ("query", "in_"),
    [
        ("ロゴ", "カフェのロゴデザイン"),
        ("デザイン", "カフェのロゴデザイン"),
        ("ﾛｺﾞ", "ロゴの作成"),
        ("翻訳", "日英翻訳のお仕事です"),
        ("動画編集", "YouTubeの動画編集をお任せします"),
        ("ロゴ　作成", "作成してほしいロゴがあります"),
        ("Web", "ＷＥＢサイトの制作"),
        ("webサイト", "WEBサイトの制作"),
        ("サイトweb", "サイトWeb化"),
        ("design", "Looking for a designer"),
        ("python", "Pythonでスクレイピング"),
        ("c++", "C++ developer wanted"),
        ("C#", "Unity (C#) の開発"),
        ("node.js", "Node.js backend"),
        ("machine learning", "Learning about a machine"),
        ("internationalization", "An internationalization expert"),
        ("字", "一文字だけ"),
        ("한국어", "한국어 번역"),
        ("(a+)+$", "the pattern (a+)+$ is here"),
        ("100%", "100% remote"),
        ("𠮷野家", "𠮷野家のメニュー"),
    ],
)
def test_the_words_are_found_in_the_text(query: str, in_: str) -> None:
    assert finds(query, in_)


@pytest.mark.parametrize(
    ("query", "in_"),
    [
        ("東京都", "東京と京都"),
        ("東京都", "京都と東京"),
        ("art", "smart people"),
        ("c++", "C developer"),
        ("internationalization", "an international expert"),
        ("ロゴ 翻訳", "ロゴの作成"),
        (".*", "anything"),
        ("webサイト", "web サイト"),
    ],
)
def test_other_words_are_not_found_in_the_text(query: str, in_: str) -> None:
    assert not finds(query, in_)


def test_what_a_text_is_indexed_by_is_bounded() -> None:
    every_kanji = "".join(chr(0x4E00 + n) for n in range(20_000))

    assert len(text.grams(text.normalised(every_kanji))) == text.GRAMS_MAX


def test_a_text_that_folding_makes_longer_stays_bounded() -> None:
    assert len(text.normalised("\ufdfa" * 20_000)) == text.TEXT_MAX


def test_a_query_asks_for_a_bounded_number_of_phrases() -> None:
    assert len(text.phrases(" ".join(f"語{n}" for n in range(100)))) == text.PHRASES_MAX
