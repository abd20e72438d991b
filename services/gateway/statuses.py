"""Which HTTP status a refusal has, by its code: decided here and nowhere else.

A code of the table has the status that stands there. One that isn't in it has that of the first form it fits, and any
other that of its family: 404 where something isn't there, or else 409, for a rule objected to how things are now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from shared.errors import Conflict, CrossesTheDoor, NotFound, Refused

#: A rule objected to the present state of things.
_OTHERWISE = {Refused: 409, NotFound: 404, Conflict: 409}
_STATUS_OF: Mapping[str, int] = {
    "malformed_json": 400,
    "idempotency_key_wrong": 400,
    "event_wrong": 400,
    "sign_in_needed": 401,
    "publisher_unknown": 401,
    "role_not_allowed": 403,
    "only_for_oneself": 403,
    "type_not_yours": 403,
    "source_not_yours": 403,
    "tenant_not_yours": 403,
    "not_your_facility": 403,
    "not_your_subscription": 403,
    "offer_not_yours": 403,
    "check_in_by_staff_only": 403,
    "city_officer_needed": 403,
    "own_proposal": 403,
    "not_your_opening": 403,
    "not_for_oneself": 403,
    "not_of_this_placement": 403,
    "not_an_applicant": 403,
    "not_ones_own_word": 403,
    "not_ones_own_proof": 403,
    "not_ones_own_record": 403,
    "host_not_of_programme": 403,
    "four_eyes_needed": 403,
    "too_large": 413,
    "file_too_large": 413,
    "fact_too_large": 413,
    "wrong_content_type": 415,
    **dict.fromkeys(
        (
            "wrong_input",
            "input_invalid",
            "act_id_reused",
            "event_breaks_contract",
            "not_a_number",
            "bad_id",
            "bad_cursor",
            "answer_too_large",
            "known_at_too_late",
            "no_such_rows",
            "programme_or_umbrella",
            "umbrella_of_outcomes",
            "figures_too_long",
            "programme_of_other_tenant",
            "as_of_in_future",
            "day_to_come",
            "ends_before_it_begins",
            "civil_body_needed",
            "review_incomplete",
            "month_or_programme_needed",
            "too_many_at_once",
            "shift_too_long_or_empty",
            "shifts_overlap",
            "shift_not_on_the_minute",
            "deadline_after_work",
            "deadline_in_the_past",
            "work_in_the_past",
            "mode_unknown",
            "below_wage_floor",
            "wage_floor_unknown",
            "programme_named_twice",
            "programme_has_no_district",
            "consent_twice",
            "unknown_purpose",
            "unknown_topic",
            "topic_needed",
            "tenant_needed",
            "name_needed",
            "mail_malformed",
            "interest_id_malformed",
            "already_over",
            "under_14",
            "service_consent_needed",
            "no_plans_there",
            "not_one_of",
            "not_in_this_facility",
            "hours_need_seven_days",
            "exception_named_twice",
            "kit_is_its_own_root",
            "leaves_wrong",
            "parent_is_a_leaf",
            "part_not_named",
            "part_of_another_root",
            "root_has_no_parts",
            "file_or_rows",
            "file_not_understood",
            "file_without_header",
            "file_has_too_many_rows",
            "question_too_long",
            "too_far_ahead",
            "pause_empty",
            "pause_too_long",
            "plan_kind_unknown",
            "promotion_unknown",
            "reason_needed",
            "check_in_code_wrong",
            "feed_address_unusable",
            "feed_needs_address",
            "not_an_alternative",
            "scores_need_ranked",
            "scores_missing",
            "score_rule_twice",
            "attendance_code_wrong",
            "attendance_time_needed",
            "attendance_time_outside",
            "attendance_time_ahead",
            "dispute_minutes_needed",
            "appeal_reason_needed",
            "layout_pays_otherwise",
            "holder_needed",
            "wallet_is_phone_or_card",
        ),
        422,
    ),
}
#: Families of codes, by how they begin or end; the first that fits.
_STATUS_BY_FORM: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"^token_"), 401),
    (re.compile(r"^other_|_consent_needed$"), 403),
    (re.compile(r"^no_such_"), 404),
    (re.compile(r"_(unknown|named_twice)$"), 422),
    (re.compile(r"out_of_range$"), 422),
    # An account that can't be one, a bank's file that doesn't agree with its batch.
    (re.compile(r"_malformed$|^return_"), 422),
    # What was asked for can never be booked; what is merely taken can be, another time.
    (re.compile(r"^span_(empty|in_the_past|off_step|too_)"), 422),
)


def status_of(code: str, family: type[CrossesTheDoor] = Refused) -> int:
    """Return the HTTP status of a code that a service gave."""
    if code in _STATUS_OF:
        return _STATUS_OF[code]
    by_form = next((status for form, status in _STATUS_BY_FORM if form.search(code)), None)
    return by_form or _OTHERWISE.get(family, 409)
