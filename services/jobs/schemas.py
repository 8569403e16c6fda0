"""What callers of jobs send; the shapes of what they get are in `shapes`."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load, validate

from services.jobs.domain import assignment, category, entry, form, proposal, question, terms
from services.jobs.domain.job import (
    EXPERIENCES,
    MODES,
    NO_WINNER,
    ORDERS,
    REJECTS,
    STATES,
    VISIBILITIES,
    Budget,
)
from services.jobs.domain.market import refuse_mode
from shared import web
from shared.languages import LANGUAGES
from shared.money import AMOUNT_MAX

QUERY_MAX = 200


class BudgetWords(Schema):
    """What the client thinks the work costs."""

    min = web.MoneyField(required=True)
    max = web.MoneyField(required=True)

    @post_load
    def _budget(self, words: dict[str, Any], **_: Any) -> Budget:
        return Budget(**words)


def one_of(*values: str, **how: Any) -> fields.String:
    """Return a field that takes these words alone."""
    return fields.String(validate=validate.OneOf(values), **how)


class FormQuestionWords(Schema):
    """A question of a task's form; options for `single` and `multiple`.

    With a `known` answer it is a control question; who works does not see which these are.
    """

    id = fields.String(required=True, validate=form.is_id)
    type = one_of(*form.TYPES, required=True)
    label = web.Text(terms.TITLE_MAX, line=True, required=True)
    required = web.Flag(load_default=False)
    options = fields.List(
        web.Text(terms.TITLE_MAX, line=True), validate=validate.Length(max=terms.OPTIONS_MAX)
    )
    known = fields.Raw()


class CriterionWords(Schema):
    """What a submission must meet; only by one of these may it be rejected.

    With `min_controls_percent` it is rejected by itself when fewer of the control questions are
    answered right.
    """

    id = fields.String(required=True, validate=form.is_id)
    text = web.Text(terms.TITLE_MAX, line=True, required=True)
    min_controls_percent = web.Whole(1, 100)


class JobEdit(Schema):
    """What a job says; each word alone may be changed. null takes a word back from a draft."""

    title = web.Text(terms.TITLE_MAX, line=True)
    description = web.Text(terms.DESCRIPTION_MAX)
    category = web.Text(50, line=True)
    skills = fields.List(
        web.Text(terms.SKILL_MAX, line=True), validate=validate.Length(max=terms.SKILLS_MAX)
    )
    experience = one_of(*EXPERIENCES)
    deadline_at = web.When(allow_none=True)
    budget = fields.Nested(BudgetWords(), allow_none=True)
    weekly_cap_hours = web.Whole(1, 168, allow_none=True)
    proposals_close_at = web.When(allow_none=True)
    openings = web.Whole(1, terms.OPENINGS_MAX)
    prizes = fields.List(web.MoneyField(), validate=validate.Length(1, terms.PRIZES_MAX))
    closes_at = web.When(allow_none=True)
    visibility = one_of(*VISIBILITIES)
    no_winner = one_of(*NO_WINNER)
    reward = web.MoneyField(allow_none=True)
    slots = web.Whole(1, terms.SLOTS_MAX)
    per_worker_limit = web.Whole(1, terms.SLOTS_MAX)
    minutes_allowed = web.Whole(1, terms.MINUTES_MAX)
    review_days = web.Whole(1, 30)
    form = fields.List(
        fields.Nested(FormQuestionWords()), validate=validate.Length(1, terms.FORM_MAX)
    )
    criteria = fields.List(
        fields.Nested(CriterionWords()), validate=validate.Length(1, terms.CRITERIA_MAX)
    )
    min_approval_percent = web.Whole(0, 100)
    min_controls_percent = web.Whole(0, 100)
    verified_only = web.Flag()


class JobWords(JobEdit):
    """A new draft."""

    mode = one_of(*MODES, required=True)
    title = web.Text(terms.TITLE_MAX, line=True, required=True)
    description = web.Text(terms.DESCRIPTION_MAX, required=True)
    category = web.Text(50, line=True, required=True)

    @pre_load
    def _refuse_mode(self, words: dict[str, Any], **_: Any) -> dict[str, Any]:
        # Before the other words: what a mode that is not open here would say does not matter.
        if (mode := words.get("mode")) in MODES:
            refuse_mode(mode)
        return words


class DigitsArg(fields.Integer):
    """A whole number in a query: digits only."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not (isinstance(value, str) and value.isascii() and value.isdigit()):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class AmountArg(DigitsArg):
    """An amount in a query: minor units."""

    def __init__(self, **how: Any) -> None:
        super().__init__(validate=validate.Range(0, AMOUNT_MAX), **how)


def known_category(id_: str) -> None:
    """Pass the id of a category, with parts or without."""
    if id_ not in category.IDS:
        raise ValidationError("Not the id of a category.")


def flag_arg(**how: Any) -> fields.Boolean:
    """Return a field of a query that takes true or false."""
    return fields.Boolean(truthy={"true"}, falsy={"false"}, **how)


class JobFilters(Schema):
    """What a list of jobs and a saved search are filtered by; all must fit.

    `category` takes its parts with it. `q` finds words in Japanese and English texts, each where
    several stand apart. Of several `skill`, a job asks for all. The deadline is `deadline_after` or
    later, and before `deadline_before`; a job without one is later than all.
    """

    mode = one_of(*MODES)
    category = fields.String(validate=known_category)
    q = web.Text(QUERY_MAX, line=True)
    skill = fields.List(
        web.Text(terms.SKILL_MAX, line=True), validate=validate.Length(1, terms.SKILLS_MAX)
    )
    experience = one_of(*EXPERIENCES)
    client_id = web.IdField("mem")
    deadline_after = web.When()
    deadline_before = web.When()


class JobListArgs(JobFilters, web.PageArgs):
    """Filters of the list of jobs; all must fit.

    `category` takes its parts with it. `q` finds words in Japanese and English texts, each where
    several stand apart. `skill` may come several times, and a job asks for all of them.
    `min_amount` is asked of what one may earn at most, `max_amount` of what one earns at least. The
    deadline is `deadline_after` or later, and before `deadline_before`; a job without one is later
    than all. Of the client: `client_verified=true` (a letter has reached their address),
    `client_paid=true` (they have paid somebody here before), `client_rejection_max` (the most
    percent of task work that they rejected; who judged none has rejected none). `mine=true` lists
    one's own, drafts too. Without `state`, those that are open. A page may be shorter than `limit`
    and yet have a `next_cursor`.
    """

    min_amount = AmountArg()
    max_amount = AmountArg()
    client_verified = flag_arg()
    client_paid = flag_arg()
    client_rejection_max = DigitsArg(validate=validate.OneOf(REJECTS))
    state = one_of(*STATES)
    mine = flag_arg(load_default=False)
    sort = one_of(*ORDERS, load_default="new")


class MilestoneWords(Schema):
    """A part of the work with its own amount and time."""

    title = web.Text(terms.TITLE_MAX, line=True, required=True)
    amount = web.MoneyField(required=True)
    deliver_by = web.When(required=True)


class ProposalWords(Schema):
    """What one would do, for how much, until when; milestones, where there are any, in order."""

    message = web.Text(proposal.MESSAGE_MAX, required=True)
    amount = web.MoneyField(required=True)
    deliver_by = web.When(required=True)
    milestones = fields.List(
        fields.Nested(MilestoneWords()), validate=validate.Length(max=proposal.MILESTONES_MAX)
    )


class ProposalListArgs(web.PageArgs):
    """Filters of a list of proposals."""

    state = one_of(*proposal.STATES, load_default=None)


class SelectWords(Schema):
    """Where the offer is to differ from the proposal; its scope is else the job's description."""

    amount = web.MoneyField()
    deliver_by = web.When()
    scope = web.Text(terms.DESCRIPTION_MAX)


class EntryWords(Schema):
    """Work that one puts into a competition."""

    title = web.Text(terms.TITLE_MAX, line=True, required=True)
    description = web.Text(terms.DESCRIPTION_MAX, required=True)
    links = fields.List(web.Link(), validate=validate.Length(max=entry.LINKS_MAX))


class FavouriteWords(Schema):
    """Whether the client likes it."""

    favourite = web.Flag(load_default=True)


class OneAward(Schema):
    """A prize, by its rank, and the entry that wins it."""

    rank = web.Whole(1, terms.PRIZES_MAX, required=True)
    entry_id = web.IdField("ent", required=True)


class AwardWords(Schema):
    """The winners, all at once."""

    awards = fields.List(
        fields.Nested(OneAward()), required=True, validate=validate.Length(1, terms.PRIZES_MAX)
    )


class DraftWords(Schema):
    """Answers by the ids of the form."""

    answers = fields.Dict(keys=fields.String(), required=True)


class AnswersWords(Schema):
    """Answers by the ids of the form; without any, those of the draft."""

    answers = fields.Dict(keys=fields.String())


class RejectWords(Schema):
    """Which published criterion a submission does not meet, and in what."""

    criterion_id = fields.String(required=True, validate=form.is_id)
    note = web.Text(assignment.NOTE_MAX, required=True)


class AppealWords(Schema):
    """Why a rejection is wrong."""

    note = web.Text(assignment.NOTE_MAX, required=True)


class _Chosen(fields.Field[Any]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if value == "all":
            return value
        if not isinstance(value, list) or not 1 <= len(value) <= 100:
            raise ValidationError('"all", or 1 to 100 ids.')
        return [web.IdField("asg").deserialize(one) for one in value]


class ApprovalsWords(Schema):
    """Which assignments are approved: `"all"`, or their ids."""

    assignment_ids = _Chosen(required=True)


class ResultArgs(Schema):
    """How results are written."""

    format = one_of("ndjson", "csv", load_default="ndjson")


class QuestionWords(Schema):
    """A question about a job, or its answer."""

    text = web.Text(question.TEXT_MAX, required=True)


class CategoryArgs(Schema):
    """The names come in both languages; `locale` is taken and changes nothing."""

    locale = one_of(*LANGUAGES)


class ModeReportShape(Schema):
    """How many jobs of a mode are in each state."""

    mode = one_of(*MODES, required=True)
    states = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class ReportShape(Schema):
    """The jobs of all modes."""

    modes = fields.List(fields.Nested(ModeReportShape()), required=True)
