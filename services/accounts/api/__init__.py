"""The routes of accounts: parse, one call, dump."""

from services.accounts.api.blocks import blocks
from services.accounts.api.factors import programs, second
from services.accounts.api.keys import key_set
from services.accounts.api.leaving import departures
from services.accounts.api.mail import mail
from services.accounts.api.people import people
from services.accounts.api.reports import reports
from services.accounts.api.safety import safety
from services.accounts.api.sessions import logins

BLUEPRINTS = (
    *(people, logins, mail, safety, reports, second, programs, blocks, departures, key_set),
)
