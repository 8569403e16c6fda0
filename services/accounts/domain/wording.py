"""What the letters say, in both languages."""

from services.accounts.domain.letter import RESET, VERIFY, Letter

SUBJECTS = {
    (VERIFY, "ja"): "メールアドレスの確認",
    (VERIFY, "en"): "Please confirm your address",
    (RESET, "ja"): "パスワードの再設定",
    (RESET, "en"): "Setting a new password",
}
TEXTS = {
    (VERIFY, "ja"): """{name} 様

ご登録ありがとうございます。このメールアドレスがご本人のものであることを、次のコードでご確認ください(3日間有効)。

{code}

お心当たりがない場合は、このメールを破棄してください。
""",
    (VERIFY, "en"): """Hello {name},

thank you for registering. Please confirm that this address is yours with this code, within 3 days:

{code}

If you did not register, please ignore this mail.
""",
    (RESET, "ja"): """{name} 様

パスワードの再設定が申し込まれました。次のコードで新しいパスワードを設定できます(1時間、1回限り有効)。

{code}

お心当たりがない場合は、このメールを破棄してください。パスワードは変わりません。
""",
    (RESET, "en"): """Hello {name},

somebody, probably you, asked for a new password. This code sets one, once, within an hour:

{code}

If it was not you, please ignore this mail: your password stays as it is.
""",
}
PATHS = {VERIFY: "email-verifications", RESET: "password-resets"}


def subject(letter: Letter) -> str:
    """Return the subject, one line."""
    return SUBJECTS[letter.purpose, letter.locale]


def text(letter: Letter, token: str, app_url: str) -> str:
    """Return the text; with an `app_url` the code is a link to that site as well."""
    link = f"{app_url.rstrip('/')}/{PATHS[letter.purpose]}/{token}" if app_url else ""
    code = "\n\n".join(part for part in (link, token) if part)
    return TEXTS[letter.purpose, letter.locale].format(name=letter.name, code=code)
