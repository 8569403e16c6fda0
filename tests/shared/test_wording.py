"""What texts are found to say: the sentences that were tried, in both languages and both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import wording
from shared.languages import LANGUAGES

pytestmark = pytest.mark.pure

BEFORE = [
    ("taro.yamada@example.co.jp までご連絡ください。", "warn", "contact_mail"),
    ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｃｏｍ にお願いします", "warn", "contact_mail"),
    ("taro (at) example (dot) com", "warn", "contact_mail"),
    ("taro[アット]example[ドット]com です", "warn", "contact_mail"),
    ("taroアットマークexampleドットcom", "warn", "contact_mail"),
    ("write me: taro at example dot com", "warn", "contact_mail"),
    ("ta\u200bro@exam\u00adple.com", "warn", "contact_mail"),
    ("電話は090-1234-5678です。", "warn", "contact_phone"),
    ("０９０１２３４５６７８ にお電話ください", "warn", "contact_phone"),
    ("事務所は03-1234-5678、夜は(06) 1234-5678", "warn", "contact_phone"),
    ("Call me at +81 90 1234 5678.", "warn", "contact_phone"),
    ("〇九〇一二三四五六七八", "warn", "contact_phone"),
    ("LINEを交換しませんか", "warn", "contact_messenger"),
    ("ＬＩＮＥ ＩＤ：taro_99", "warn", "contact_messenger"),
    ("ディスコードで話しましょう。", "warn", "contact_messenger"),
    ("Please message me on Telegram.", "warn", "contact_messenger"),
    ("my discord is taro#1234", "warn", "contact_messenger"),
    ("https://wa.me/819012345678", "warn", "contact_messenger"),
    ("手数料を避けたいので、よろしくお願いします。", "hold", "payment_outside"),
    ("直接取引にしませんか？", "hold", "payment_outside"),
    ("このサイトを通さずにお願いできますか", "hold", "payment_outside"),
    ("We could avoid the platform fees.", "hold", "payment_outside"),
    ("Can you pay me directly?", "hold", "payment_outside"),
    ("Let's work outside of the platform.", "hold", "payment_outside"),
    ("銀行振込でお願いします。", "hold", "payment_means"),
    ("振込先は○○銀行です", "hold", "payment_means"),
    ("口座番号：1234567", "hold", "payment_means"),
    ("PayPalで支払います。", "hold", "payment_means"),
    ("Amazonギフトカードでお支払いします", "hold", "payment_means"),
    ("I can pay you via PayPal.", "hold", "payment_means"),
    ("Send it to my bank account please", "hold", "payment_means"),
]
POSTED = [
    ("在宅でできるネットワークビジネスです", "prohibited_mlm"),
    ("Join our MLM team", "prohibited_mlm"),
    ("Twitterアカウントを売ってください", "prohibited_accounts"),
    ("We buy aged Gmail accounts", "prohibited_accounts"),
    ("通販サイトに星5のレビューを書くお仕事", "prohibited_reviews"),
    ("Write 5-star reviews for our shop", "prohibited_reviews"),
    ("卒論の代筆をお願いします", "prohibited_academic"),
    ("Someone to write my thesis", "prohibited_academic"),
    ("仮払いの前に作業を始めていただきます", "prohibited_before_escrow"),
    ("You start working before the escrow.", "prohibited_before_escrow"),
    ("詳細はLINEでご説明します", "prohibited_luring"),
    ("公式LINEに登録して始めてください", "prohibited_luring"),
    ("To apply, join our Telegram group", "prohibited_luring"),
    ("報酬は銀行振込でお支払いします", "payment_means"),
]
PLAIN = [
    "予算は1,000,000円、期限は2026-11-27 18:00です。",
    "修正は2回まで、納品は12月15日(火)です。",
    "作品はこちらです: https://portfolio.example.com/works/09012345678?ref=top",
    "https://medium.com/@taro/how-to-0120",
    "注文番号 090-1234-5678 の件です。",
    "Order no. 0312345678 was shipped on 2026/11/27.",
    "git clone git@github.com:ukeoi/ukeoi.git をお願いします。",
    "npm install foo@1.2.3",
    "con_01JDMZ8Q4W7K3V9X2B5N6P0R1T の件",
    "サイズは1080-1920、郵便番号は100-0001です。",
    "LINEスタンプを40個作ってください。",
    "LINE公式アカウントの運用をお手伝いします。",
    "LINE Messaging APIでやり取りするボットの開発です。",
    "The deadline is Friday; online meetings are fine.",
    "決済はPayPalで支払える機能を実装してください。",
    "Please integrate PayPal so customers can pay via PayPal at checkout.",
    "手数料はかかりますか？",
    "What are the platform fees?",
    "直接取引は規約で禁止されています。",
    "Please do not pay me directly; fund the contract here.",
    "バナーを直接編集できる形式で納品します。",
    "入金を確認しましたので、作業を始めます。",
    "テスト代行（ソフトウェアの動作確認）を承ります。",
    "論文の英文校正をお願いします。",
    "レビューを集計するツールの開発です。",
    "偽レビューを検出するモデルを作ってください。",
    "SNSアカウントの運用代行",
    "ログイン機能とアカウント登録画面を作ります",
    "アンケートの試験実施は入金前に作業しないでください。",
    "Write product descriptions and reviews of the draft.",
    "",
]


@pytest.mark.parametrize(("text", "grade", "code"), BEFORE)
def test_contact_and_payment_outside_are_found_before_funding(
    text: str, grade: str, code: str
) -> None:
    assert wording.Finding(code, grade) in wording.find(text, situation="before")


@pytest.mark.parametrize(("text", "grade", "code"), BEFORE)
def test_after_funding_contact_is_free_and_payment_is_warned_of(
    text: str, grade: str, code: str
) -> None:
    found = wording.find(text, situation="after")
    assert found == ((wording.Finding(code, "warn"),) if code.startswith("payment") else ())


@pytest.mark.parametrize(("text", "code"), POSTED)
def test_what_may_not_be_posted_is_held(text: str, code: str) -> None:
    assert code in wording.codes(wording.find(text, situation="posting"), "hold")


@pytest.mark.parametrize("text", PLAIN)
@pytest.mark.parametrize("situation", wording.SITUATIONS)
def test_amounts_dates_links_numbers_and_honest_work_are_let_through(
    text: str, situation: str
) -> None:
    assert wording.find(text, situation=situation) == ()


def test_each_text_is_looked_through_alone_and_each_code_stands_once() -> None:
    found = wording.find("LINEを", "交換", "a@b.jp", "c@d.jp", situation="before")
    assert wording.codes(found, "warn") == ("contact_mail",)


def test_one_plain_sentence_does_not_excuse_another() -> None:
    text = "直接取引は禁止です。" + "ロゴの件です。" * 20 + "やはり直接取引にしましょう。"
    assert wording.codes(wording.find(text, situation="before"), "hold") == ("payment_outside",)


@given(st.lists(st.text(), max_size=3), st.sampled_from(wording.SITUATIONS))
def test_no_text_breaks_it(texts: list[str], situation: str) -> None:
    for one in wording.find(*texts, situation=situation):
        assert one.grade in wording.GRADES


@pytest.mark.parametrize(
    "part",
    [
        "a",
        "0",
        "a@",
        "a.",
        "0-",
        "@",
        "090-",
        "+8",
        "line ",
        "write my ",
        "手数料",
        "(at)",
        "★",
        " ",
        "buy ",
    ],
)
def test_a_hundred_thousand_characters_are_looked_through_to_their_end(part: str) -> None:
    text = part * (100_000 // len(part)) + " 直接取引にしませんか"
    assert "payment_outside" in wording.codes(wording.find(text, situation="before"), "hold")


def test_everything_is_said_in_both_languages() -> None:
    every = [rule.code for rule in wording.rules()]
    for language in LANGUAGES:
        assert [one["code"] for one in wording.say(every, language)] == every
        assert all(one["message"] for one in wording.say(every, language))
    assert wording.say(["gone"], "ja") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"grades": {"before": "shout"}},
        {"grades": {"later": "warn"}},
        {"says": {"ja": "あ"}},
    ],
)
def test_a_wrong_rule_is_refused(wrong: dict[str, object]) -> None:
    rule = {
        "code": "x",
        "patterns": ["x"],
        "grades": {"before": "warn"},
        "says": {"ja": "あ", "en": "a"},
    }
    assert len(wording.read([rule])) == 1
    with pytest.raises(ValueError, match="x: "):
        wording.read([{**rule, **wrong}])
    with pytest.raises(ValueError, match="twice"):
        wording.read([rule, rule])
