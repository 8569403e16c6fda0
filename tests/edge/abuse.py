"""Cases of abuse, by number, each with what it gets and the tests that hold it.

The cases are those that every marketplace meets: what is sent, and what is answered. A test is
named as `file::function`, below tests/. `python -m tests.edge.abuse` prints the table.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """What somebody tries, what it gets, and who would notice if it got anything else."""

    tried: str
    gets: str
    tests: tuple[str, ...]


WORDS = "edge/test_bad_input.py::test_words_that_are_wrong_are_refused"
JSON = "edge/test_bad_input.py::test_bodies_that_are_no_good_json_are_refused"
QUERY = "edge/test_bad_input.py::test_queries_that_are_wrong_are_refused"
IDS = "edge/test_bad_input.py::test_ids_that_are_none_are_404"
HEADERS = "edge/test_bad_input.py::test_headers_that_are_wrong_are_refused"
MATRIX = "edge/test_access.py::test_an_operation_answers_each_caller_as_the_table_says"
FORGED = "shared/test_auth.py::test_a_forgery_is_refused"
STRICT = "shared/web/test_web_strict.py::test_what_cannot_be_read_is_malformed"
GOOD_JSON = "shared/web/test_web_strict.py::test_what_can_be_read_and_is_no_good_is_invalid"
GATEWAY = "deploy/test_gateway.py::"
OWN = "edge/test_abuse.py::"
WEB = "shared/web/test_web.py::"
ONCE = "shared/web/test_web_once.py::"
BODY = "shared/web/test_web_words.py::"
ACCOUNTS = "accounts/test_api.py::"
SESSIONS = "accounts/test_api_sessions.py::"
HELD_ = "jobs/test_held.py::"
HELD = "contracts/test_held.py::"
POSTINGS = "jobs/test_held_postings.py::"
WORDING = "shared/test_wording.py::"
CASES_ = "accounts/test_cases.py::"
JOBS = "jobs/test_api.py::"
PROPOSALS = "jobs/test_api_proposals.py::"
TASKS = "jobs/test_api_task.py::"
CONTRACTS = "contracts/test_api.py::"
OFFERS = "contracts/test_api_offers.py::"
MOVES = "contracts/test_domain.py::"
ESCROW = "escrow/test_api.py::"
HOLDS = "escrow/test_domain.py::"
LEDGER = "escrow/test_ledger.py::"
HOOKS = "notify/test_webhooks.py::"

# There are no uploads; a route that took a file would have to bring these.
NO_UPLOADS = f"{OWN}test_nothing_is_uploaded"
# Money goes to who has worked, and from nobody to anybody else.
NO_TRANSFERS = f"{OWN}test_no_route_moves_money_between_members"

CASES: dict[int, Case] = {
    # any body
    1: Case(
        "an empty body",
        "400, 422",
        (
            f"{BODY}test_an_empty_post_says_nothing_and_lacks_what_is_required",
            f"{BODY}test_an_empty_patch_is_malformed",
        ),
    ),
    2: Case("truncated JSON", "400", (JSON, STRICT)),
    3: Case("text/plain", "415", (JSON, f"{BODY}test_another_content_type_is_415")),
    4: Case("bytes that are no UTF-8", "400", (JSON, STRICT)),
    5: Case("UTF-16, a byte order mark", "400", (JSON, STRICT)),
    6: Case("a list at the top", "422", (JSON, GOOD_JSON)),
    7: Case("null", "422", (JSON,)),
    8: Case("a name twice", "400", (JSON, STRICT)),
    9: Case("NaN", "400", (JSON, STRICT)),
    10: Case("1e999", "400", (JSON, STRICT)),
    11: Case(
        "more than 32 levels",
        "400",
        (
            JSON,
            "shared/web/test_web_strict.py::test_thirty_two_deep_is_deep_enough",
        ),
    ),
    12: Case("a number of 5,000 digits", "400", (JSON,)),
    13: Case("2^63", "422", (JSON, WORDS)),
    14: Case("a lone surrogate", "422", (WORDS, JSON)),
    15: Case("NUL in a name or value", "422", (WORDS, JSON)),
    16: Case("names with $ or a dot", "422", (JSON, GOOD_JSON)),
    17: Case("an unknown word", "422", (WORDS,)),
    18: Case(
        "a body over 1 MiB",
        "413",
        (
            f"{GATEWAY}test_the_gateway_s_own_refusals_are_problems",
            f"{BODY}test_a_body_over_a_mebibyte_is_413",
        ),
    ),
    19: Case("a compressed body", "415", (JSON, f"{BODY}test_a_compressed_body_is_415")),
    20: Case(
        "two lengths of one body", "400", (f"{GATEWAY}test_two_lengths_of_a_body_are_refused",)
    ),
    21: Case("a list of 10,000", "422", (WORDS,)),
    22: Case("a very long text in a name", "422", (WORDS,)),
    23: Case(
        "a body that never comes",
        "closed",
        (f"{GATEWAY}test_a_body_that_never_comes_holds_nothing_for_long",),
    ),
    24: Case("1,000 unknown words", "422", (WORDS,)),
    # headers and routes
    25: Case("TRACE", "405", (f"{GATEWAY}test_the_gateway_s_own_refusals_are_problems",)),
    26: Case(
        "an unknown path",
        "404",
        (
            f"{WEB}test_an_unknown_path_is_404",
            f"{GATEWAY}test_what_has_no_route_is_a_404_problem",
        ),
    ),
    27: Case(
        "a wrong method",
        "405 and Allow",
        (f"{WEB}test_a_wrong_method_is_405_and_says_which_are_right",),
    ),
    28: Case(
        "another method in a header",
        "nothing",
        (
            f"{WEB}test_a_method_in_a_header_is_ignored",
            f"{GATEWAY}test_nobody_outside_speaks_in_another_s_name",
        ),
    ),
    29: Case(
        "headers that claim to be somebody",
        "nothing",
        (
            f"{GATEWAY}test_nobody_outside_speaks_in_another_s_name",
            f"{WEB}test_headers_that_claim_to_be_somebody_are_ignored",
            f"{WEB}test_only_our_own_proxies_are_believed",
        ),
    ),
    30: Case("two Idempotency-Keys", "400", (f"{ONCE}test_two_keys_are_400",)),
    31: Case("a key too long or not ASCII", "400", (HEADERS, f"{ONCE}test_a_bad_key_is_400")),
    32: Case(
        "money without a key",
        "400",
        (
            f"{ONCE}test_a_missing_key_is_400_where_one_is_required",
            f"{ESCROW}test_funding_needs_a_key_the_client_and_good_words",
        ),
    ),
    33: Case(
        "a header over 8 KB", "431", (f"{GATEWAY}test_the_gateway_s_own_refusals_are_problems",)
    ),
    34: Case(
        "a path over 8 KB", "414", (f"{GATEWAY}test_the_gateway_s_own_refusals_are_problems",)
    ),
    35: Case("Accept without JSON", "406", (HEADERS, f"{WEB}test_what_excludes_json_is_406")),
    36: Case(
        "dots and slashes in paths",
        "404",
        (
            f"{GATEWAY}test_what_has_no_route_is_a_404_problem",
            f"{GATEWAY}test_no_way_of_writing_a_path_leads_inside",
            IDS,
        ),
    ),
    37: Case("paths of the inside", "404", (f"{GATEWAY}test_what_has_no_route_is_a_404_problem",)),
    # who calls
    38: Case("no token", "401", (MATRIX, f"{WEB}test_no_good_token_is_401_before_anything_else")),
    39: Case("alg none", "401", (FORGED, MATRIX)),
    40: Case("HS256 signed with the public key", "401", (FORGED, MATRIX)),
    41: Case("an unknown kid", "401", (FORGED, MATRIX)),
    42: Case("a kid with a path, SQL, an operator", "401", (FORGED, MATRIX)),
    43: Case("jku, x5u, jwk", "401", (FORGED, MATRIX)),
    44: Case("expired", "401", (FORGED, MATRIX)),
    45: Case("from the future", "401", (FORGED, MATRIX)),
    46: Case("without an end", "401", (FORGED, MATRIX)),
    47: Case("with more than 15 minutes", "401", (FORGED, MATRIX)),
    48: Case("for another audience, or none", "401", (FORGED, MATRIX)),
    49: Case("of another issuer", "401", (FORGED, MATRIX)),
    50: Case(
        "a refresh token as access token",
        "401",
        (
            f"{SESSIONS}test_an_access_token_refreshes_nothing_and_a_refresh_token_opens_nothing",
            MATRIX,
        ),
    ),
    51: Case(
        "signed by a retired key",
        "401",
        ("shared/test_auth.py::test_a_retired_key_is_good_no_more_also_for_tokens_seen_before",),
    ),
    52: Case(
        "of somebody suspended or banned",
        "401, 403",
        (
            "accounts/test_sanctions.py::test_a_token_from_before_is_refused_and_a_later_one_is_good",
            f"{SESSIONS}test_a_suspended_member_is_403_and_gets_no_token",
            f"{SESSIONS}test_a_suspended_member_refreshes_nothing",
        ),
    ),
    53: Case(
        "a refresh token again",
        "401, its family ends",
        (f"{SESSIONS}test_a_reused_refresh_token_revokes_its_whole_family_and_no_other",),
    ),
    54: Case("an operator as password", "422", (f"{SESSIONS}test_a_wrong_login_is_422",)),
    55: Case(
        "an operator in a query",
        "422",
        (QUERY, f"{SESSIONS}test_addresses_are_not_taken_from_the_query"),
    ),
    56: Case(
        "an unknown address, a wrong password",
        "the same 401 in the same time",
        (
            f"{SESSIONS}test_a_wrong_password_and_an_unknown_address_are_the_same_401",
            f"{SESSIONS}test_an_unknown_address_takes_as_long_as_a_wrong_password",
        ),
    ),
    57: Case(
        "an eleventh wrong login in a minute",
        "429",
        (f"{SESSIONS}test_the_eleventh_failure_within_a_minute_is_429",),
    ),
    58: Case(
        "passwords of 7 characters, 64, 1 MB",
        "422, 201, 422",
        (
            f"{ACCOUNTS}test_a_wrong_registration_is_422",
            f"{OWN}test_long_passwords_are_good",
        ),
    ),
    59: Case(
        "a common password",
        "422",
        (
            f"{ACCOUNTS}test_a_password_that_is_guessed_first_is_422",
            "accounts/test_domain.py::test_a_password_that_is_guessed_first_is_refused",
        ),
    ),
    60: Case(
        "an address in another form",
        "409",
        (f"{ACCOUNTS}test_an_address_is_taken_once_in_whatever_form",),
    ),
    61: Case("registering with a role", "422", (f"{ACCOUNTS}test_a_wrong_registration_is_422",)),
    62: Case(
        "20 registrations of one address",
        "one 201",
        (f"{ACCOUNTS}test_of_twenty_registrations_of_one_address_one_succeeds",),
    ),
    63: Case("line breaks in an address", "422", (f"{ACCOUNTS}test_a_wrong_registration_is_422",)),
    64: Case(
        "a new password without the old",
        "422, 403",
        (
            "accounts/test_api_mail.py::test_a_password_is_changed_by_who_knows_it_and_every_session_ends",
        ),
    ),
    # jobs
    65: Case(
        "a budget of 0 or less",
        "422",
        (f"{JOBS}test_wrong_words_are_refused_where_they_stand", WORDS),
    ),
    66: Case(
        "a budget that is no whole number",
        "422",
        (
            f"{JOBS}test_wrong_words_are_refused_where_they_stand",
            WORDS,
        ),
    ),
    67: Case("a budget over 10^12", "422", (WORDS,)),
    68: Case("an unknown currency", "422", (WORDS,)),
    69: Case(
        "a deadline in the past or in year 10000",
        "422",
        (
            f"{JOBS}test_wrong_words_are_refused_where_they_stand",
            WORDS,
        ),
    ),
    70: Case(
        "0, -1, 10^9 openings or slots",
        "422",
        (
            f"{JOBS}test_wrong_words_are_refused_where_they_stand",
            WORDS,
        ),
    ),
    71: Case(
        "editing another's job",
        "403; of a draft 404",
        (
            f"{JOBS}test_only_the_client_edits",
            f"{JOBS}test_a_draft_is_seen_by_its_client_alone",
            MATRIX,
        ),
    ),
    72: Case(
        "editing after the selection", "409", (f"{JOBS}test_nothing_is_edited_after_a_selection",)
    ),
    73: Case(
        "proposing for one's own job",
        "403",
        (f"{PROPOSALS}test_nobody_proposes_for_their_own_job",),
    ),
    74: Case(
        "proposing twice", "409", (f"{PROPOSALS}test_a_person_proposes_once_until_that_has_ended",)
    ),
    75: Case(
        "claiming when all is taken",
        "409",
        (f"{TASKS}test_64_racers_never_oversell_the_last_of_10_000_slots",),
    ),
    76: Case(
        "many claims of the last slots at once",
        "as many as there are",
        (f"{TASKS}test_64_racers_never_oversell_the_last_of_10_000_slots",),
    ),
    77: Case(
        "claiming after the close", "409", (f"{TASKS}test_why_one_cannot_start_is_said_in_full",)
    ),
    78: Case(
        "withdrawing another's proposal",
        "404",
        (f"{PROPOSALS}test_a_stranger_moves_nothing", MATRIX),
    ),
    79: Case("limits and offsets that are none", "422", (QUERY,)),
    80: Case(
        "sorting by something unknown",
        "422",
        (QUERY, "jobs/test_api_list.py::test_wrong_filters_are_refused"),
    ),
    81: Case(
        "a search that is a regular expression",
        "literal",
        ("jobs/test_api_list.py::test_a_search_for_a_regular_expression_is_literal",),
    ),
    82: Case("an id that is none", "404", (IDS, f"{JOBS}test_what_is_no_job_is_not_found")),
    83: Case(
        "a stale If-Match", "412", (HEADERS, f"{JOBS}test_an_edit_names_the_version_it_changes")
    ),
    # contracts
    84: Case("accepting another's offer", "404", (MATRIX,)),
    85: Case(
        "accepting twice",
        "409",
        (
            f"{OFFERS}test_accepted_eight_times_at_once_without_a_key_one_wins",
            "contracts/test_offers.py::test_every_act_in_every_state",
        ),
    ),
    86: Case(
        "accepting work that is not funded",
        "409",
        (
            f"{MOVES}test_every_move_in_every_state_of_a_milestone",
            f"{MOVES}test_no_move_of_a_milestone_in_a_contract_that_is_not_active",
        ),
    ),
    87: Case(
        "the worker accepts the own work",
        "403",
        (
            f"{MOVES}test_each_move_belongs_to_one_side_and_no_stranger",
            MATRIX,
        ),
    ),
    88: Case(
        "delivering after a cancellation",
        "409",
        (f"{MOVES}test_no_move_of_a_milestone_in_a_contract_that_is_not_active",),
    ),
    89: Case(
        "the end and the payment at once",
        "one wins",
        (
            f"{LEDGER}test_a_release_and_a_refund_race_and_exactly_one_wins",
            f"{OWN}test_of_agreeing_to_cancel_and_accepting_at_once_the_money_goes_one_way",
        ),
    ),
    90: Case(
        "milestones that do not sum up",
        "422",
        (f"{OFFERS}test_the_amounts_of_the_milestones_sum_to_the_amount",),
    ),
    91: Case(
        "another amount after funding",
        "409",
        ("contracts/test_asking.py::test_a_change_is_refused_or_said_to_be_impossible",),
    ),
    92: Case(
        "setting a state directly", "405, 422", (f"{OWN}test_no_state_is_set_directly", WORDS)
    ),
    93: Case(
        "a stranger's dispute",
        "404",
        (
            "contracts/test_disputes.py::test_disputes_that_are_refused_change_nothing",
            MATRIX,
        ),
    ),
    94: Case("deciding without being an operator", "403", (MATRIX,)),
    95: Case(
        "a division that is not what is held",
        "422",
        ("contracts/test_disputes.py::test_disputes_that_are_refused_change_nothing",),
    ),
    96: Case(
        "two operators decide at once",
        "one 200, one 409",
        (f"{OWN}test_of_two_operators_deciding_at_once_one_decides",),
    ),
    # money
    97: Case(
        "amounts that are none",
        "422",
        (WORDS, f"{ESCROW}test_a_payout_is_refused_and_nothing_changes"),
    ),
    98: Case(
        "more than there is",
        "409",
        (
            f"{ESCROW}test_a_payout_is_refused_and_nothing_changes",
            f"{ESCROW}test_a_wallet_funds_a_hold_as_far_as_it_reaches",
        ),
    ),
    99: Case(
        "16 payouts of everything at once",
        "one 2xx",
        (f"{ESCROW}test_sixteen_payouts_of_everything_and_one_is_made",),
    ),
    100: Case(
        "one key, many times at once",
        "one effect, the same answer",
        (
            f"{ESCROW}test_the_same_key_at_once_funds_once_and_all_are_told_so",
            f"{ONCE}test_eight_at_once_with_one_key_act_once",
        ),
    ),
    101: Case(
        "the same key with another amount",
        "422",
        (
            f"{ONCE}test_the_same_key_with_other_words_is_422",
            f"{ESCROW}test_the_same_key_makes_one_payout",
        ),
    ),
    102: Case(
        "the same key of somebody else",
        "independent",
        (f"{ONCE}test_a_key_belongs_to_its_caller_method_and_path",),
    ),
    103: Case(
        "money to oneself",
        "there is no such route",
        (
            NO_TRANSFERS,
            f"{OFFERS}test_an_offer_to_somebody_who_cannot_take_it_is_refused",
        ),
    ),
    104: Case(
        "money to nobody, or to somebody suspended",
        "there is no such route",
        (
            NO_TRANSFERS,
            f"{OFFERS}test_an_offer_to_somebody_who_cannot_take_it_is_refused",
        ),
    ),
    105: Case(
        "another currency",
        "422",
        (
            f"{HOLDS}test_a_payout_has_a_minimum_and_a_currency",
            "contracts/test_disputes.py::test_disputes_that_are_refused_change_nothing",
        ),
    ),
    106: Case(
        "funding another's hold",
        "404",
        (
            MATRIX,
            f"{ESCROW}test_a_hold_is_seen_by_its_parties_and_operators_alone",
        ),
    ),
    107: Case(
        "funding with an amount of one's own",
        "422",
        (
            WORDS,
            f"{ESCROW}test_funding_needs_a_key_the_client_and_good_words",
        ),
    ),
    108: Case(
        "more back than is held",
        "refused",
        (
            f"{HOLDS}test_no_more_is_released_than_is_held",
            "escrow/test_parts.py::test_no_part_is_negative_or_more_than_is_left",
        ),
    ),
    109: Case(
        "settling what is settled",
        "refused",
        (
            f"{HOLDS}test_whatever_ends_a_hold_shares_one_entry",
            f"{HOLDS}test_every_command_of_the_table_is_tried",
        ),
    ),
    110: Case(
        "writing to the ledger from outside",
        "404, 405",
        (
            f"{OWN}test_nobody_writes_to_the_ledger",
            f"{ESCROW}test_the_journal_itself_is_for_operators",
        ),
    ),
    111: Case(
        "no database",
        "503, later one effect",
        (
            f"{WEB}test_without_mongodb_it_comes_up_lives_and_answers_503",
            "chaos/test_short_run.py::test_stories_under_fire_lose_nothing_and_do_nothing_twice",
        ),
    ),
    # outside
    112: Case(
        "webhooks to the inside",
        "422, and refused again when posting",
        (
            f"{HOOKS}test_it_goes_to_public_addresses_by_https_and_nowhere_else",
            f"{HOOKS}test_a_name_that_changes_its_mind_is_asked_once_and_pinned",
            f"{HOOKS}test_a_redirect_is_not_followed",
            "notify/test_api_webhooks.py::test_an_address_that_became_private_is_refused_at_delivery",
        ),
    ),
    113: Case(
        "a provider's webhook forged, old, again",
        "401, 401, no effect",
        (
            f"{ESCROW}test_a_webhook_that_is_not_the_providers_changes_nothing",
            f"{ESCROW}test_a_provider_tells_of_a_charge_and_telling_twice_is_once",
        ),
    ),
    114: Case("an upload over 10 MB", "there are no uploads", (NO_UPLOADS,)),
    115: Case("an upload of another type", "there are no uploads", (NO_UPLOADS,)),
    116: Case("a file name with a path", "there are no uploads", (NO_UPLOADS,)),
    117: Case("an archive that grows", "there are no uploads", (NO_UPLOADS,)),
    118: Case("another's file", "there are no uploads", (NO_UPLOADS,)),
    # reports
    119: Case(
        "reporting one's own, twice, or what cannot be reported",
        "409, 409, 422; many reports of one thing are one case",
        (
            f"{CASES_}test_nobody_reports_themselves_nor_who_is_not_there",
            f"{CASES_}test_the_same_request_reports_once",
            f"{CASES_}test_a_wrong_report_is_422",
            f"{CASES_}test_racing_reporters_share_one_case",
        ),
    ),
    120: Case(
        "flooding the operators with reports",
        "409 from the twenty-first that is open",
        (f"{CASES_}test_a_member_has_twenty_open_reports_at_most",),
    ),
    121: Case(
        "finding out who reported one, or that one was reported",
        "404; no answer, fact or notice names a reporter to anybody else",
        (
            f"{CASES_}test_others_see_no_queue_and_no_case",
            f"{CASES_}test_an_author_sees_their_case_without_who_reported_or_decided",
            "accounts/test_case_rules.py::"
            "test_every_reporter_is_answered_in_words_that_name_nobody_else",
            f"{OWN}test_whom_a_report_is_about_learns_nothing_of_it",
        ),
    ),
    122: Case(
        "an operator who decides about themselves, or about an appeal from their own decision",
        "403, and of their own case they see no more than any author",
        (
            f"{CASES_}test_others_see_no_queue_and_no_case",
            f"{CASES_}test_an_appeal_is_answered_by_another_operator_where_there_is_one",
        ),
    ),
    # dealing outside
    123: Case(
        "asking in a message to pay outside, before or after there is money to protect",
        "201 and held, the other side sees nothing of it; once it is funded 201 with a warning",
        (
            f"{HELD}test_what_asks_to_pay_outside_is_held_and_seen_by_its_writer_alone",
            f"{HELD}test_a_contract_that_waits_for_its_money_holds_as_an_offer_does",
            f"{HELD}test_once_it_is_funded_contact_is_free_and_payment_outside_is_warned_of",
        ),
    ),
    124: Case(
        "hiding a contact from the rules, or sending 100,000 characters to keep them busy",
        "found in any width, case and with what cannot be seen; every repetition has an end",
        (
            f"{WORDING}test_contact_and_payment_outside_are_found_before_funding",
            f"{WORDING}test_a_hundred_thousand_characters_are_looked_through_to_their_end",
        ),
    ),
    125: Case(
        "asking in a proposal to be paid outside, or selecting one that is held or removed",
        "201 and held, the client gets 404 of it; 409 not_shown once it is removed",
        (
            f"{HELD_}test_a_held_proposal_is_its_authors_to_see_alone_and_cannot_be_selected",
            f"{HELD_}test_the_title_of_a_milestone_is_looked_through_as_well",
            f"{HELD_}test_a_removed_proposal_cannot_be_selected_and_its_words_are_gone_for_the_client",
        ),
    ),
    126: Case(
        "posting prohibited work, or a clean job that is edited into it once everybody reads it",
        "held before anybody sees it or money is asked for; 409 would_be_held",
        (
            f"{POSTINGS}test_what_may_not_be_posted_is_held_and_silence_lets_it_out",
            f"{POSTINGS}test_what_everybody_reads_cannot_come_to_say_what_would_be_held",
        ),
    ),
    127: Case(
        "publishing, editing or cancelling a held or removed posting to get it out after all",
        "409 wrong_state or removed; what is ended while it is held is never let out",
        (
            f"{POSTINGS}test_a_held_posting_that_is_removed_cannot_be_published_until_it_is_restored",
            f"{POSTINGS}test_words_that_were_let_go_are_not_held_again_and_other_words_are",
            f"{POSTINGS}test_what_is_ended_while_it_is_held_is_never_let_out",
        ),
    ),
}

# What holds for every operation at once, by the numbers under which it was promised.
INVARIANTS: dict[str, Case] = {
    "I36": Case(
        "another's thing, by every kind of caller",
        "404, and nothing changes",
        (MATRIX, "edge/test_access.py::test_every_operation_has_a_row"),
    ),
    "I37": Case("what only another role may", "403, and nothing changes", (MATRIX,)),
    "I38": Case(
        "words that only we decide; answers with more than is documented",
        "422; none",
        (WORDS, "edge/test_fuzz.py::test_a_fault_is_found"),
    ),
    "I39": Case("forged tokens at every operation", "401", (MATRIX, FORGED)),
    "I40": Case("operators and code in every place", "422, 404", (WORDS, QUERY, IDS)),
    "I41": Case(
        "anything at all",
        "never a 5xx, only what is documented",
        ("edge/test_fuzz.py::test_made_up_requests_find_nothing_wrong", JSON),
    ),
    "I42": Case(
        "too much at once",
        "429 with Retry-After, for this caller alone",
        (
            f"{SESSIONS}test_the_eleventh_failure_within_a_minute_is_429",
            f"{SESSIONS}test_one_accounts_failures_do_not_lock_another_out",
            "deploy/test_gateway_edge.py::"
            "test_a_member_over_the_limit_is_429_and_the_others_of_the_office_are_not",
        ),
    ),
    "I43": Case(
        "addresses of the inside",
        "422, and refused again when posting",
        (
            f"{HOOKS}test_it_goes_to_public_addresses_by_https_and_nowhere_else",
            f"{HOOKS}test_a_name_that_changes_its_mind_is_asked_once_and_pinned",
        ),
    ),
    "I44": Case(
        "secrets and line breaks into logs",
        "never there; each line is one object",
        (
            "clients/test_generated.py::"
            "test_a_generated_client_plays_a_hire_and_no_secret_is_in_any_log",
            "shared/test_log.py::test_each_line_is_one_object",
            f"{ACCOUNTS}test_nothing_secret_is_logged",
        ),
    ),
}


if __name__ == "__main__":
    for number, case in {**CASES, **INVARIANTS}.items():
        print(f"| {number} | {case.tried} | {case.gets} | {', '.join(case.tests)} |")  # noqa: T201
