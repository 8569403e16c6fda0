"""What every service does about `tokens.revoked`: it keeps it where its web processes look."""

from shared import revocations
from shared.reactions import Project

REVOKED = Project(revocations.COLLECTION, revocations.document)
