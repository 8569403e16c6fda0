"""Who plays the story, and what they write: as people on such a marketplace do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who registers."""

    mail: str
    display_name: str
    locale: str
    kind: str = "individual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bid:
    """What a person proposes: in how many days, for how many yen."""

    amount: int
    days: int
    message: str


MISAKI = Person(mail="misaki", display_name="喫茶ひだまり 佐藤美咲", locale="ja", kind="company")
TARO = Person(mail="taro", display_name="山田太郎", locale="ja")
HARUNA = Person(mail="haruna", display_name="高橋陽菜", locale="ja")
EMMA = Person(mail="emma", display_name="Emma Clarke", locale="en")

TITLE = "築60年の古民家カフェ「ひだまり」ホームページのリニューアル"
DESCRIPTION = """\
鎌倉で夫婦ふたりで営んでいる小さな喫茶店です。10年前に作ったホームページが古くなり、スマートフォンで
見づらいため、全面的に作り直してくださる方を探しています。

■ お願いしたいこと
・トップ、メニュー、お店について、アクセス、お知らせの5ページ(スマートフォン対応)
・お知らせと季節のメニューは、私たち自身で更新できるように(WordPressを希望)
・予約フォームの設置(送信先はお店のメール)
・いまのドメインとサーバーはそのまま使います

■ こちらで用意するもの
・店内と料理の写真(約80枚)、文章の下書き、ロゴ

■ 重視すること
派手さよりも、木と珈琲の落ち着いた雰囲気を大切にしてくださる方。お店に来たことがない方も歓迎です。
English speakers are welcome too: about a third of our guests come from abroad.
"""
SKILLS = ["WordPress", "HTML/CSS", "Webデザイン"]
SEARCH = "古民家カフェ"
BUDGET = (60_000, 100_000)

BIDS = {
    "taro": Bid(
        amount=75_000,
        days=21,
        message="""\
はじめまして。Web制作をしております山田と申します。飲食店さまのサイトを8年で40件ほど手がけてきました。
WordPressの標準機能だけでお知らせと季節のメニューを更新できるように作りますので、特別な知識は要りません。
写真を大きく見せ、文字は少なめに、余白でお店の静けさを伝える構成をご提案します。
操作の手引き(A4で4ページ)と、公開後30日間のご質問対応も含みます。""",
    ),
    "haruna": Bid(
        amount=92_000,
        days=28,
        message="""\
鎌倉市在住のデザイナー、高橋です。一度お店にうかがって写真を撮り直すところからご一緒できればと思います。
手描きのイラストを添えた、あたたかい雰囲気のサイトをお作りします。""",
    ),
    "emma": Bid(
        amount=68_000,
        days=18,
        message="""\
Hello! I build bilingual WordPress sites and have lived in Japan for six years. I would make the
pages in Japanese and English from the start, so that your guests from abroad can read the menu
and book a table.
私は日本語でのやり取りもできます。どうぞよろしくお願いします。""",
    ),
}

QUESTION_TARO = """\
予約フォームは、時間帯ごとの空席まで管理する必要がありますか。
それとも、希望日時を送るだけで十分でしょうか。"""
ANSWER_TARO = "希望日時を送っていただくだけで十分です。こちらから折り返しご連絡して確定しています。"
QUESTION_EMMA = "Do you already have an English menu, or would the translation be part of this job?"
ANSWER_EMMA = (
    "We have an English menu that a guest kindly made for us. 翻訳は今回の依頼には含みません。"
)

OFFER_SCOPE = """\
5ページのホームページ(スマートフォン対応)、WordPressの設定、予約フォーム、操作の手引き。
公開作業と、公開後30日間のご質問対応を含みます。"""
OFFER_ASK = (
    "ご依頼ありがとうございます。写真は、いつごろいただけますか。納期は3週間で問題ありません。"
)
OFFER_REPLY = "今週の金曜日までに共有フォルダへ入れます。どうぞよろしくお願いします。"

DELIVERY_ONE = """\
5ページのテスト公開が完了しました。下記のアドレスでご確認ください(パスワードはメッセージでお送りします)。
スマートフォンは iPhone と Android の実機で表示を確かめました。"""
CHANGES = """\
とても気に入りました。2点だけ直していただけますか。
1. 「アクセス」の地図が古い駐車場の場所になっています。
2. スマートフォンで、季節のメニューの写真が少し切れて見えます。"""
DELIVERY_TWO = """\
ご指摘の2点を修正しました。地図は現在の駐車場(店の北側)に合わせ、写真は縦横比を保って全体が見えるようにしました。
操作の手引きもお付けします。"""
LINKS_ONE = ["https://hidamari-test.example.jp/"]
LINKS_TWO = ["https://hidamari-test.example.jp/", "https://hidamari-test.example.jp/manual.pdf"]

REVIEW_BY_CLIENT = "思いを丁寧に聞いてくださり、想像以上の仕上がりでした。修正も迅速でした。"
REVIEW_BY_WORKER = "ご要望が明確で、写真や文章の準備も早く、とても気持ちよく進められました。"
