"""Payout accounts: kept with consent, shown masked, told in full to a service that pays, and gone with the consent."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.residents.accounts import schemas
from services.residents.accounts.model import bank_account, wallet
from shared.actors import ANYONE, Actor
from shared.errors import CrossesTheDoor, Refused
from shared.events.registry import CONTRACTS
from tests.services.residents.accounts.conftest import BANK, WALLET, Counter
from tests.services.residents.conftest import a_host, a_resident, a_service, agreed, an_officer

FULL = {"method": "bank", "code": "034", "number": "123-456-789012", "holder": "김은하"}
MASKED = {"method": "bank", "code": "034", "number": "********9012", "holder": "김**"}


def refusal(ask: Callable[[], Any]) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.code, caught.value.field


def paid(counter: Counter, *resident_ids: str) -> dict[str, Any]:
    return counter.desk.payout(a_service(), resident_ids=resident_ids, batch_id="bat-1", purpose="payout_file")


def test_a_resident_and_an_officer_see_the_account_masked(counter: Counter) -> None:
    counter.arrive()
    told = counter.set()

    assert told == {"resident_id": "res-1", **MASKED}
    for who in (a_resident(), an_officer()):
        assert counter.desk.get(who, resident_id="res-1")["account"] == MASKED
    assert [line["action"] for line in counter.office.trail.access.find({"resident": "res-1"})] == ["get_account"]


def test_a_service_that_pays_is_told_everything_and_each_resident_has_a_line_with_the_batch(counter: Counter) -> None:
    counter.arrive()
    counter.arrive("res-2")
    counter.set()
    counter.set("res-2", account=WALLET)

    told = paid(counter, "res-1", "res-2", "res-1")

    assert told["accounts"]["res-1"] == FULL
    assert told["accounts"]["res-2"] == {**WALLET, "holder": None}
    lines = counter.office.trail.access.find({"resident": "res-2"})
    assert [(one["account"], one["action"], one["reason"], one["purpose"]) for one in lines] == [
        ("notifications", "payout", "bat-1", "payout_file")
    ]
    assert len(counter.office.trail.access.find({"resident": "res-1"})) == 1


def test_the_officer_who_is_shown_an_account_stands_on_its_access_log(counter: Counter) -> None:
    counter.arrive()
    counter.set()

    counter.desk.payout(
        Actor("placement", frozenset({"service"}), ""),
        resident_ids=["res-1"],
        batch_id="bat-1",
        purpose="payout_file",
        officer="officer-1",
    )

    (line,) = counter.office.trail.access.find({"resident": "res-1"})
    assert (line["account"], line["officer"]) == ("placement", "officer-1")


def test_the_same_account_is_told_in_the_same_words_again(counter: Counter) -> None:
    counter.arrive()
    counter.set()

    assert json.dumps(paid(counter, "res-1")) == json.dumps(paid(counter, "res-1"))


def test_whoever_cannot_be_paid_is_named_with_the_reason_and_has_no_line(counter: Counter) -> None:
    counter.arrive("res-1")
    counter.arrive("res-2", consents=("service",))

    told = paid(counter, "res-1", "res-2", "res-3")

    assert told == {
        "accounts": {},
        "missing": {"res-1": "no_account", "res-2": "no_consent", "res-3": "no_such_resident"},
    }
    assert counter.office.trail.access.find({}) == []


@pytest.mark.parametrize("who", [a_resident(), an_officer(), a_host(), ANYONE, Actor("op", frozenset({"operator"}), "")])
def test_nobody_but_a_service_is_told_in_full(counter: Counter, who: Actor) -> None:
    counter.arrive()
    counter.set()

    code, _ = refusal(lambda: counter.desk.payout(who, resident_ids=["res-1"], batch_id="b", purpose="p"))

    assert code in ("role_not_allowed", "sign_in_needed")


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (a_host(), "role_not_allowed"),
        (a_resident("res-2"), "only_for_oneself"),
        (an_officer("bukgu"), "other_tenant"),
        (Actor("op", frozenset({"operator"}), ""), "role_not_allowed"),
        (ANYONE, "sign_in_needed"),
    ],
)
def test_nobody_else_sees_even_the_masked_account(counter: Counter, who: Actor, code: str) -> None:
    counter.arrive()
    counter.set()

    assert refusal(lambda: counter.desk.get(who, resident_id="res-1"))[0] == code


@pytest.mark.parametrize("who", [an_officer(), a_service(), a_host()])
def test_only_the_resident_sets_or_removes_their_account(counter: Counter, who: Actor) -> None:
    counter.arrive()
    counter.set()

    for ask in (
        lambda: counter.desk.set(who, act_id="a", resident_id="res-1", **BANK),
        lambda: counter.desk.remove(who, act_id="a", resident_id="res-1"),
    ):
        assert refusal(ask) == ("role_not_allowed", "token")
    assert refusal(lambda: counter.desk.remove(a_resident("res-2"), act_id="a", resident_id="res-1")) == (
        "only_for_oneself",
        "resident_id",
    )
    assert paid(counter, "res-1")["accounts"] == {"res-1": FULL}


def test_without_the_consent_nothing_is_kept(counter: Counter) -> None:
    counter.arrive(consents=("service",))

    assert refusal(counter.set) == ("payout_consent_needed", "resident_id")
    assert counter.kept.find("res-1") is None


def test_withdrawing_the_consent_hides_the_account_at_once_and_then_destroys_it(counter: Counter) -> None:
    counter.arrive()
    counter.set()

    counter.office.clock.move(timedelta(minutes=1))
    counter.office.withdraw("payout")
    assert counter.desk.get(a_resident(), resident_id="res-1")["account"] is None
    assert paid(counter, "res-1")["missing"] == {"res-1": "no_consent"}

    counter.hear_withdrawals()
    kept = counter.kept.collection.find_one({"_id": "res-1"})
    assert kept is not None
    assert "account" not in kept
    assert not any(secret in str(kept) for secret in ("789012", "9012", "은하"))


def test_an_account_of_before_a_withdrawal_does_not_come_back_with_a_new_consent(counter: Counter) -> None:
    counter.arrive()
    counter.set()
    counter.office.clock.move(timedelta(minutes=1))
    counter.office.withdraw("payout")
    counter.office.clock.move(timedelta(minutes=1))
    counter.office.registry.give_consent(a_resident(), act_id="again", resident_id="res-1", **agreed("payout")[0])

    assert paid(counter, "res-1")["missing"] == {"res-1": "no_account"}

    counter.set(number="555-666-777888")
    counter.hear_withdrawals()  # late: it destroys what came before it only
    assert paid(counter, "res-1")["accounts"]["res-1"]["number"] == "555-666-777888"


def test_a_new_version_of_the_text_keeps_the_account(counter: Counter) -> None:
    counter.arrive()
    counter.set()
    counter.office.clock.move(timedelta(minutes=1))
    counter.office.registry.give_consent(
        a_resident(), act_id="v2", resident_id="res-1", purpose="payout", text_version="2027-01"
    )

    assert paid(counter, "res-1")["accounts"] == {"res-1": FULL}


def test_a_set_that_slept_through_the_withdrawal_keeps_nothing(counter: Counter) -> None:
    counter.arrive()
    office = counter.office
    act = counter.kept.act

    def asleep(*asked: Any) -> Any:
        object.__setattr__(counter.desk, "accounts", counter.kept)
        office.clock.move(timedelta(minutes=5))
        office.withdraw("payout")
        counter.hear_withdrawals()
        return act(*asked)

    class Sleepy:
        """Storage whose caller dozes off before its first write."""

        def __getattr__(self, name: str) -> Any:
            return asleep if name == "act" else getattr(counter.kept, name)

    object.__setattr__(counter.desk, "accounts", Sleepy())

    assert refusal(counter.set) == ("payout_consent_needed", "resident_id")
    kept = counter.kept.find("res-1")
    assert kept is not None
    assert kept.account is None


def test_leaving_the_town_destroys_the_account_too(counter: Counter) -> None:
    counter.arrive()
    counter.set()
    counter.office.withdraw("service")
    counter.hear_withdrawals()

    kept = counter.kept.find("res-1")
    assert kept is not None
    assert kept.account is None


def test_removing_is_safe_to_repeat_and_an_act_said_twice_happens_once(counter: Counter) -> None:
    counter.arrive()
    first = counter.set(act_id="one")
    assert counter.set(act_id="one") == first
    assert refusal(lambda: counter.set(act_id="one", number="555-666-777888")) == ("act_id_reused", "act_id")

    for _ in range(2):
        counter.desk.remove(a_resident(), act_id="gone", resident_id="res-1")
    assert counter.desk.get(a_resident(), resident_id="res-1")["account"] is None


@pytest.mark.parametrize(
    ("code", "number", "holder", "refused"),
    [
        ("34", "123-456-789012", "김은하", ("bank_code_malformed", "code")),
        ("03a", "123-456-789012", "김은하", ("bank_code_malformed", "code")),
        ("034", "12345", "김은하", ("account_malformed", "number")),
        ("034", "1" * 21, "김은하", ("account_malformed", "number")),
        ("034", "12-34-5-", "김은하", ("account_malformed", "number")),
        ("034", "123 456 789", "김은하", ("account_malformed", "number")),
        ("034", "１２３４５６７", "김은하", ("account_malformed", "number")),
        ("034", "123-456-789012", " ", ("holder_needed", "holder")),
        ("034", "-123-456-789012", "김은하", ("account_malformed", "number")),
        ("034", "123-456-789012", "=HYPERLINK(A1)", ("holder_malformed", "holder")),
        ("034", "123-456-789012", " @은하", ("holder_malformed", "holder")),
        ("034", "123-456-789012", "＝은하", ("holder_malformed", "holder")),
        ("034", "123-456-789012", "-1", ("holder_malformed", "holder")),
        ("034", "123-456-789012", "김\x00은하", ("holder_malformed", "holder")),
    ],
)
def test_a_bank_account_that_cannot_be_one_is_refused_without_repeating_it(
    code: str, number: str, holder: str, refused: tuple[str, str]
) -> None:
    with pytest.raises(CrossesTheDoor) as caught:
        bank_account(code, number, holder)

    assert (caught.value.code, caught.value.field) == refused
    assert number not in str(caught.value.to_wire())


@pytest.mark.parametrize("number", ["010-1234-5678", "01012345678", "821012345678", "9410-1234-5678-9012"])
def test_a_wallet_is_named_by_neither_a_phone_nor_a_card_number(number: str) -> None:
    with pytest.raises(Refused) as caught:
        wallet("gwangju-sangsaeng", number)

    assert caught.value.code == "wallet_is_phone_or_card"
    assert number not in str(caught.value.to_wire())


def test_an_account_is_not_spelled_out_where_it_is_printed() -> None:
    shown = repr(bank_account("034", "123-456-789012", "김은하"))

    assert "789012" not in shown
    assert "은하" not in shown


def test_accounts_say_nothing(counter: Counter) -> None:
    counter.arrive()
    counter.set()
    counter.desk.remove(a_resident(), act_id="gone", resident_id="res-1")

    kept = counter.kept.collection.find_one({"_id": "res-1"})
    assert kept is not None
    assert kept["outbox"] == []
    assert not any(".account." in name for name in CONTRACTS)


def test_more_than_a_hundred_at_once_are_refused() -> None:
    asked = {"resident_ids": ["r"] * 101, "batch_id": "b", "purpose": "p"}

    assert schemas.Payout().validate(asked) == {"resident_ids": ["Ask for at most 100 residents at once."]}
