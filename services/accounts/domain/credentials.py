"""What an e-mail address and a password must be before anybody is registered with them."""

import re
import unicodedata

PASSWORD_MIN = 8
PASSWORD_MAX = 1024
PASSWORD_MAX_BYTES = 1024

# What people choose most, without digits and signs at the ends; 0 stands for o, 1 for i.
_WORDS = """
password passwort passwords pass passwd parola senha motdepasse contrasena wachtwoord kennwort
pasuwado himitsu secret secrets qwerty qwertyui qwertyuiop qwertz qwertzuiop azerty azertyuiop
asdfgh asdfghjk asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc qwe qweasd qweasdzxc qwerasdf asdf
asdfasdf zaq zaqwsx zaqxsw qwaszx wsx edc poiuytrewq lkjhgfdsa mnbvcxz qwert asdfg zxcvb abc abcd
abcde abcdef abcdefg abcdefgh abcdefghi abcabc aaa aa a x iloveyou ilovey loveyou lovelove love
lovers lovely mylove admin administrator administrador root superuser system sysadmin master user
username login guest test testing tester testtest default changeme letmein welcome welcom hello
hellohello computer internet server service database oracle windows linux apple google facebook
amazon microsoft samsung nintendo playstation pokemon pikachu doraemon naruto football baseball
basketball softball soccer hockey volleyball tennis golf liverpool chelsea arsenal barcelona
realmadrid juventus manchester steelers cowboys yankees lakers redskins packers patriots dragon
monkey tiger lion eagle falcon dolphin dolphins elephant butterfly kitten puppy shadow phoenix
panther jaguar wolf wolverine spider spiderman superman batman ironman starwars startrek sunshine
princess prince queen king angel angels flower flowers rainbow summer winter spring autumn sunday
monday tuesday wednesday thursday friday saturday january february march april june july august
september october november december midnight morning forever freedom trustno trustnoone whatever
nothing something money dollar diamond silver golden platinum chocolate banana orange strawberry
cheese cookie coffee peanut pepper ginger michael jennifer michelle jessica ashley nicole daniel
anthony jordan thomas robert william joseph matthew andrew joshua charlie george alexander
alexandra victoria elizabeth samantha christian christine jonathan benjamin stephanie patrick
richard danielle sebastian taro hanako sakura tokyo osaka nippon japan nihon arigato konnichiwa
yamada suzuki tanaka satou takahashi merlin gandalf matrix ninja samurai hunter ranger killer
warrior maverick mustang corvette ferrari porsche mercedes toyota honda yamaha kawasaki harley
harleydavidson trinity jesus jesuschrist blessed heaven access security maintenance metallica
1q2w3e4r 1q2w3e4r5t q1w2e3r4 q1w2e3r4t5 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 zaq12wsx qaz123wsx a1b2c3d4
1a2b3c4d 1a2s3d4f q2w3e4r5 123qweasd 123qweasdzxc qwe123qwe123 123abc qwer zxcv slipknot nirvana
blink marlboro bigdaddy babygirl babyboy sweetheart darling cutie ukeoi lancers crowdworks
"""
_COMMON = frozenset(_WORDS.split())
_LEET = str.maketrans("013457@$!", "oieastasi")
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
# More than a year of signs at an end makes another password of a word.
_ENDS = re.compile(r"^[\W\d_]{1,4}(?=[^\W\d_])|(?<=[^\W\d_])[\W\d_]{1,4}$")


def normal_email(text: str) -> str:
    """Return the one form of an address: `Ｔaro@Example.com ` is `taro@example.com`."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def normal_password(text: str) -> str:
    """Return the one form of a password, whatever keyboard composed it."""
    return unicodedata.normalize("NFKC", text)


def password_fault(password: str, *, email: str, display_name: str) -> str | None:
    """Say why this password is refused, or None when it is good."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        return f"Length must be between {PASSWORD_MIN} and {PASSWORD_MAX}."
    if len(password.encode()) > PASSWORD_MAX_BYTES:
        return f"Longer than {PASSWORD_MAX_BYTES} bytes."
    folded = password.casefold()
    if folded in (email, email.partition("@")[0], normal_email(display_name)):
        return "Must not be your address or your name."
    return "One of the passwords that everybody tries." if _is_common(folded) else None


def _is_common(folded: str) -> bool:
    if _is_repeated(folded) or _is_run(folded):
        return True
    bare = _ENDS.sub("", folded)
    candidates = (folded, bare, _ENDS.sub("", folded.translate(_LEET)), bare.translate(_LEET))
    if any(c in _COMMON for c in candidates):
        return True
    # Digits alone are a date or a number, unless there are many.
    return folded.isdigit() and len(folded) < 12


def _is_repeated(folded: str) -> bool:
    return any(
        folded == (folded[:n] * (len(folded) // n + 1))[: len(folded)]
        for n in range(1, len(folded) // 2 + 1)
    )


def _is_run(folded: str) -> bool:
    return any(folded in run or folded in run[::-1] for run in _RUNS)
