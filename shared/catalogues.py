"""Texts by gettext catalogues, `FOLDER/LOCALE/LC_MESSAGES/DOMAIN.po`: the code names them only."""

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from shared.languages import LANGUAGES


class Catalogues:
    """The messages of one service in each language."""

    def __init__(self, folder: Path, domain: str) -> None:
        self.folder = folder
        self.domain = domain
        self._messages = {locale: self._compiled(locale) for locale in LANGUAGES}

    def message(self, locale: str, name: str) -> str:
        """Return the message of this name; a name that no catalogue has comes back as it is."""
        return self._messages[locale].gettext(name)

    def names(self, locale: str) -> list[str]:
        """Return the names of all messages that a language has."""
        return [str(found.id) for found in self._catalogue(locale) if found.id and found.string]

    def _catalogue(self, locale: str) -> Catalog:
        path = self.folder / locale / "LC_MESSAGES" / f"{self.domain}.po"
        with path.open("rb") as po:
            return read_po(po, locale=locale, domain=self.domain)

    def _compiled(self, locale: str) -> Translations:
        mo = io.BytesIO()
        write_mo(mo, self._catalogue(locale))
        mo.seek(0)
        return Translations(mo, domain=self.domain)
