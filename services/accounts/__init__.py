"""Accounts: who the members are, how they prove it, and what their record says.

owns    members (mem_), sessions (ses_), letters (ltr_) with codes, blocks (blk_), cases
        (cas_) of what is held or reported, the reviews and contract ends that a record is made of
takes   registering, logging in and out, refreshing, profile changes; finding people; reports,
        and the operators' decisions
        by command, never by HTTP: `python -m services.accounts make-operator EMAIL`, `reset-factor`
hears   its own member.registered, member.erased and tokens.revoked; member.cleared_by_* and
        member.kept_by_* of jobs, contracts and escrow, about who leaves;
        contract.completed, contract.cancelled, review.revealed, and what the figures of a record
        are derived from (`FIGURES` in reactions.py); what is held, released, reported
tells   member.registered, member.changed, member.verified, password.changed, factor.*,
        tokens.revoked, sanction.*, record.changed, member.blocked, member.unblocked,
        member.leaving, member.stayed, member.erased, report.*, case.*

A password is kept as argon2id, a refresh token as a hash; both stay here. Access tokens are signed
here and checked by every service with the public keys alone.
"""
