"""Each mail at most once, and none lost while the mail server keeps a log: on twins, crashed between any two steps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from services.notifications.letters.delivery import Contact
from services.notifications.letters.model import Answer, MailRecord, after_answer
from shared.clock import KST, from_iso
from shared.errors import Conflict, Refused, Unavailable
from shared.events.placement import OPENING_PUBLISHED, PLACEMENT_SELECTED
from shared.mongo.real import connect
from shared.mongo.twin import TwinDatabase
from tests.services.facts import MORNING, said
from tests.services.notifications.office import OPERATOR, PACE, Office, resident_of

EVENING = from_iso("2026-11-22T22:00:00+09:00")


@pytest.fixture(params=["twin", "real"])
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    """The same promises on both databases."""
    if request.param == "twin":
        yield Office(TwinDatabase())
    else:
        database = request.getfixturevalue("database")
        yield Office(connect(database.url, f"{database.prefix}notifications"))


def kst_hour(at: datetime) -> int:
    return at.astimezone(KST).hour


def select(office: Office, count: int, *, consent: bool = True) -> None:
    residents = [f"res-{number}" for number in range(count)]
    office.hear(*(said(PLACEMENT_SELECTED, f"s-{one}", resident_id=one) for one in residents))
    if consent:
        office.neighbours.consent(*residents)


def test_every_consenting_resident_gets_one_mail(office: Office) -> None:
    select(office, 101)

    swept = office.delivery.sweep()

    assert swept.sent == 101
    assert office.mails() == {"sent": 101}
    assert len({mail.message_id for mail in office.mail.mails}) == len(office.mail.mails) == 101
    assert not office.delivery.sweep()


def test_who_did_not_consent_to_mail_reads_the_letter_in_the_inbox_only(office: Office) -> None:
    select(office, 1, consent=False)

    office.delivery.sweep()

    assert office.mails() == {"none": 1}
    assert office.inbox("res-0")[0]["mail_why"] == "no_consent_or_address"
    assert office.mail.mails == []


def test_two_replicas_never_send_the_same_mail(office: Office) -> None:
    select(office, 45)
    first, second = office.replica(1), office.replica(2)
    seen = first.letters.due(office.clock.now(), 100)

    second.sweep()
    first._deliver(seen, swept := first.sweep())

    assert not swept
    assert len(office.mail.mails) == 45


def test_an_address_refused_for_good_fails_and_the_rest_goes_out(office: Office) -> None:
    select(office, 3)
    office.mail.next("ok", "refuse")

    office.delivery.sweep()

    assert office.mails() == {"sent": 2, "failed": 1}


def test_a_busy_server_gets_the_mail_again_after_a_pause(office: Office) -> None:
    select(office, 1)
    office.mail.next("later")
    office.delivery.sweep()
    assert office.mails() == {"new": 1}
    assert not office.delivery.sweep()

    office.clock.move(timedelta(seconds=10))
    office.delivery.sweep()

    assert office.mails() == {"sent": 1}


def test_a_mail_server_that_is_away_costs_no_letter_a_try(office: Office) -> None:
    select(office, 30)
    office.mail.away = True
    office.delivery.sweep()
    assert office.mails() == {"new": 30}

    office.mail.away = False
    office.settle()

    assert office.mails() == {"sent": 30}
    assert len(office.mail.mails) == 30


def test_a_mail_server_that_is_away_for_days_fails_no_letter() -> None:
    office = Office()
    select(office, 3)
    office.mail.away = True
    office.settle(within=timedelta(days=3))
    assert office.mails() == {"new": 3}

    office.mail.away = False
    office.settle()

    assert office.mails() == {"sent": 3}


def test_connections_that_break_before_the_message_fail_no_letter() -> None:
    record = MailRecord()
    for _ in range(100):
        told = after_answer(
            record, Answer("later", "connection_lost", gone=True), MORNING, since=MORNING, log_is_kept=True
        )
        record = MailRecord(attempts=told.attempts)

    assert (told.state, told.attempts) == ("new", 0)


def test_a_mail_whose_answer_was_lost_is_found_in_the_servers_log(office: Office) -> None:
    select(office, 1)
    office.mail.next("lose_answer")
    office.delivery.sweep()
    assert office.mails() == {"unknown": 1}

    office.delivery.sweep()

    assert office.mails() == {"sent": 1}
    assert len(office.mail.mails) == 1


def test_a_mail_that_the_server_never_took_goes_out_after_the_grace_period(office: Office) -> None:
    select(office, 1)
    office.mail.next("lose_request")
    office.delivery.sweep()
    office.delivery.sweep()
    assert office.mails() == {"unknown": 1}

    office.clock.move(PACE.claim + PACE.grace)
    office.delivery.sweep()
    office.delivery.sweep()

    assert office.mails() == {"sent": 1}
    assert len(office.mail.mails) == 1


def test_the_rest_of_a_claim_goes_out_at_once_when_the_connection_breaks(office: Office) -> None:
    select(office, 10)
    office.mail.next("ok", "ok", "lose_answer")

    office.delivery.sweep()
    assert office.mails() == {"sent": 2, "unknown": 1, "new": 7}
    office.delivery.sweep()

    assert office.mails() == {"sent": 10}
    assert len(office.mail.mails) == 10


def test_while_the_log_cannot_be_read_a_mail_stays_in_doubt(office: Office) -> None:
    select(office, 1)
    office.mail.next("lose_answer")
    office.mail.log_unreadable = True
    office.settle(within=timedelta(minutes=30))
    assert office.mails() == {"unknown": 1}
    assert len(office.mail.mails) == 1


def test_a_log_that_began_after_the_try_proves_nothing(office: Office) -> None:
    select(office, 1)
    office.mail.next("lose_answer")
    office.delivery.sweep()
    for _ in range(2):
        office.clock.move(timedelta(seconds=1))
        office.mail.rotate()

    office.settle()

    assert office.mails() == {"unknown": 1}
    assert len(office.mail.mails) == 1


def test_a_log_that_was_rotated_once_still_knows_what_was_taken(office: Office) -> None:
    select(office, 1)
    office.mail.next("lose_answer")
    office.delivery.sweep()
    office.clock.move(timedelta(seconds=1))
    office.mail.rotate()

    office.settle()

    assert office.mails() == {"sent": 1}
    assert len(office.mail.mails) == 1


def test_without_a_log_a_mail_in_doubt_waits_for_a_person_who_may_send_it_again() -> None:
    office = Office(keeps_log=False)
    select(office, 1)
    office.mail.next("lose_request")
    office.settle()
    assert office.mails() == {"unknown": 1}
    letter_id = office.inbox("res-0")[0]["letter_id"]

    for _ in range(2):
        assert office.letters.resend(OPERATOR, act_id="act-1", letter_id=letter_id)["mail"] == "new"
    office.settle()

    assert office.mails() == {"sent": 1}
    assert len(office.mail.mails) == 1
    assert office.letters.resend(OPERATOR, act_id="act-1", letter_id=letter_id)["mail"] == "new"
    office.settle()
    assert len(office.mail.mails) == 1


def test_an_earlier_resend_that_is_repeated_late_sends_nothing_more() -> None:
    office = Office(keeps_log=False)
    select(office, 1)
    letter_id = office.inbox("res-0")[0]["letter_id"]
    office.mail.next(*["lose_answer"] * 3)
    for act_id in ("act-1", "act-2", "act-1"):
        office.settle()
        office.letters.resend(OPERATOR, act_id=act_id, letter_id=letter_id)
    office.settle()

    assert len(office.mail.mails) == 3


def test_only_an_operator_resends_and_only_what_is_unknown_or_failed() -> None:
    office = Office()
    select(office, 1)
    office.delivery.sweep()
    letter_id = office.inbox("res-0")[0]["letter_id"]

    with pytest.raises(Refused, match="mail_not_resendable"):
        office.letters.resend(OPERATOR, act_id="act-1", letter_id=letter_id)
    with pytest.raises(Refused, match="role_not_allowed"):
        office.letters.resend(resident_of("res-0"), act_id="act-1", letter_id=letter_id)


def test_a_mail_sent_again_by_a_person_has_a_message_id_of_its_own() -> None:
    office = Office(keeps_log=False)
    select(office, 1)
    office.mail.next("lose_answer")
    office.delivery.sweep()

    office.letters.resend(OPERATOR, act_id="act-1", letter_id=office.inbox("res-0")[0]["letter_id"])
    office.delivery.sweep()

    first, second = (mail.message_id for mail in office.mail.mails)
    assert first != second


def test_news_at_night_waits_for_the_morning_and_a_selection_does_not() -> None:
    office = Office(at=EVENING)
    office.neighbours.in_reach = [["res-0", "res-owl"]]
    office.neighbours.consent("res-0")
    office.neighbours.consent("res-owl", night_news=True)
    office.hear(said(OPENING_PUBLISHED, "p-1"))
    select(office, 1)

    office.delivery.sweep()
    assert sorted(mail.subject for mail in office.mail.mails) == [
        "(광고) 내 동네 새 일자리: 작은도서관 도서 정리",
        "[선정] 작은도서관 도서 정리",
    ]
    assert next(mail.to for mail in office.mail.mails if mail.advertising) == "res-owl@mail.example"

    office.clock.move(timedelta(hours=10))
    office.delivery.sweep()
    assert [mail.to for mail in office.mail.mails if mail.advertising] == [
        "res-owl@mail.example",
        "res-0@mail.example",
    ]


def test_news_stops_when_the_night_begins_in_the_middle_of_a_batch() -> None:
    office = Office(at=from_iso("2026-11-22T20:59:59+09:00"))
    residents = [f"res-{n}" for n in range(30)]
    office.neighbours.in_reach = [residents]
    office.neighbours.consent(*residents)
    office.hear(said(OPENING_PUBLISHED, deadline="2026-11-25T09:00:00+09:00"))

    def tick(what: str) -> None:
        if what == "mail.send done" and len(office.mail.mails) == 5:
            office.clock.move(timedelta(seconds=2))

    office.replica(1, tick).sweep()
    assert (len(office.mail.mails), office.mails()) == (5, {"sent": 5, "new": 25})

    office.settle()
    assert office.mails() == {"sent": 30}
    assert {kst_hour(mail.at) for mail in office.mail.mails[5:]} == {8}


def test_whoever_withdraws_consent_while_a_batch_goes_out_gets_no_mail_of_the_next_claim() -> None:
    office = Office()
    select(office, 50)

    def withdraw(what: str) -> None:
        if what == "mail.send done":
            office.neighbours.contacts.clear()

    office.replica(1, withdraw).sweep()

    assert office.mails() == {"sent": 20, "none": 30}


def test_what_was_sent_is_settled_although_residents_goes_away_in_the_middle(office: Office) -> None:
    select(office, 50)

    def leave(what: str) -> None:
        office.neighbours.away = office.neighbours.away or what == "mail.send done"

    with pytest.raises(Unavailable):
        office.replica(1, leave).sweep()

    assert office.mails() == {"sent": 20, "new": 30}


def test_news_of_an_opening_whose_deadline_has_passed_is_not_sent() -> None:
    office = Office(at=EVENING)
    office.neighbours.in_reach = [["res-0"]]
    office.neighbours.consent("res-0")
    office.hear(said(OPENING_PUBLISHED, deadline="2026-11-23T00:00:00+09:00"))

    office.settle()

    assert office.mails() == {"none": 1}
    assert office.inbox("res-0")[0]["mail_why"] == "out_of_date"


def test_while_residents_does_not_answer_nothing_is_tried_and_nothing_is_counted(office: Office) -> None:
    select(office, 2)
    office.neighbours.away = True
    with pytest.raises(Unavailable):
        office.delivery.sweep()

    office.neighbours.away = False
    office.delivery.sweep()

    assert office.mails() == {"sent": 2}


def test_what_an_address_holds_is_not_shown_when_a_contact_is_printed() -> None:
    assert "@" not in repr(Contact("res-1@mail.example"))


class Killed(BaseException):
    """The process is gone: nothing in it runs on."""


class KillAt:
    """Kills a process at its nth step."""

    def __init__(self, step: int) -> None:
        self.left = step
        self.reached = 0

    def __call__(self, _what: str) -> None:
        self.reached += 1
        if self.reached == self.left:
            raise Killed


def steps_of_a_sweep() -> int:
    office = Office()
    select(office, 25)
    counting = KillAt(0)
    office.replica(1, counting).sweep()
    return counting.reached


def test_a_process_killed_at_any_step_sends_nothing_twice_and_loses_nothing() -> None:
    for step in range(1, steps_of_a_sweep() + 1):
        office = Office()
        select(office, 25)
        with pytest.raises(Killed):
            office.replica(1, KillAt(step)).sweep()

        office.settle()

        assert office.mails() == {"sent": 25}, step
        assert sorted(mail.to for mail in office.mail.mails) == sorted(f"res-{n}@mail.example" for n in range(25)), step


@pytest.mark.parametrize("later", [timedelta(seconds=1), timedelta(seconds=150), timedelta(minutes=11)])
def test_a_process_killed_at_any_step_sends_nothing_twice_though_the_log_was_rotated_away(later: timedelta) -> None:
    for step in range(1, steps_of_a_sweep() + 1):
        office = Office()
        select(office, 25)
        with pytest.raises(Killed):
            office.replica(1, KillAt(step)).sweep()
        for _ in range(2):
            office.clock.move(later)
            office.mail.rotate()

        office.settle()

        assert set(office.mails()) <= {"sent", "unknown"}, step
        assert len(office.mail.mails) == len({mail.to for mail in office.mail.mails}), step


class SleepAt:
    """Puts a process to sleep at its nth step, while another one carries on."""

    def __init__(self, step: int, office: Office, how_long: timedelta) -> None:
        self.left = step
        self.office = office
        self.how_long = how_long
        self.reached = 0

    def __call__(self, _what: str) -> None:
        self.reached += 1
        if self.reached != self.left:
            return
        awake = self.office.clock.now() + self.how_long
        self.office.settle(within=self.how_long)
        self.office.clock.move(max(awake - self.office.clock.now(), timedelta()))


@pytest.mark.parametrize("minutes", [1, 3, 14, 60])
def test_a_process_that_slept_past_every_deadline_sends_nothing_twice_and_loses_nothing(minutes: int) -> None:
    for step in range(1, steps_of_a_sweep() + 1):
        office = Office()
        select(office, 25)
        try:
            office.replica(1, SleepAt(step, office, timedelta(minutes=minutes))).sweep()
        except (Unavailable, Conflict):
            pytest.fail("nothing was away")

        office.settle()

        assert office.mails() == {"sent": 25}, step
        assert sorted(mail.to for mail in office.mail.mails) == sorted(f"res-{n}@mail.example" for n in range(25)), step


def test_a_database_that_was_away_for_a_moment_leaves_no_mail_in_doubt() -> None:
    database = TwinDatabase()
    office = Office(database, keeps_log=False)
    select(office, 5)

    def stumble(what: str) -> None:
        database.away = what == "database letters.update_each" and not stumbled and bool(office.mail.mails)
        if database.away:
            stumbled.append(what)

    stumbled: list[str] = []
    office.replica(1, stumble).sweep()

    assert stumbled
    assert office.mails() == {"sent": 5}
