"""Who a resident is to the town: registration, consents, contacts, home, and who may ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from marshmallow import ValidationError

from services.residents.registry import schemas
from services.residents.registry.model import RECORDS_KEPT, Agreement, Hand, Resident, written_mail
from shared.actors import ANYONE, Actor
from shared.clock import StoppedClock
from shared.errors import CrossesTheDoor, NotFound, Refused
from shared.events.envelope import Event
from shared.events.residents import CONSENT_WITHDRAWN, PURPOSES
from shared.geo import Point
from shared.messaging.outbox import event_of
from tests.services.residents.conftest import (
    LIBRARY,
    NEARBY,
    TOWN,
    Office,
    a_host,
    a_resident,
    a_service,
    agreed,
    an_officer,
)


def refusal(ask: Callable[[], Any], family: type[CrossesTheDoor] = Refused) -> tuple[str, str | None]:
    with pytest.raises(family) as caught:
        ask()
    return caught.value.code, caught.value.field


# Registration


def test_a_resident_sees_what_they_registered_with_and_each_consent_by_text_time_and_channel(office: Office) -> None:
    office.register(consents=("service", "contact_mail"))

    kept = office.registry.get(a_resident(), resident_id="res-1")

    assert (kept["name"], kept["mail"], kept["home"], kept["tenant"]) == ("김은하", "res-1@example.org", None, TOWN)
    assert kept["consents"] == [
        {
            "purpose": purpose,
            "text_version": "2026-01",
            "given_at": "2026-11-22T00:30:00.000Z",
            "channel": "self",
            "withdrawn_at": None,
        }
        for purpose in ("service", "contact_mail")
    ]


def test_nothing_but_the_mandatory_consent_is_needed_to_register(office: Office) -> None:
    assert office.register(consents=("service",), mail=None) == {"resident_id": "res-1"}


def test_without_the_mandatory_consent_there_is_no_registration(office: Office) -> None:
    assert refusal(lambda: office.register(consents=("location",))) == ("service_consent_needed", "consents")


def test_somebody_under_14_is_refused_and_nothing_is_kept(office: Office) -> None:
    assert refusal(lambda: office.register(over_14=False)) == ("under_14", "over_14")
    assert office.residents.find("res-1") is None


def test_nobody_is_registered_who_did_not_say_that_they_are_14() -> None:
    asked = {"act_id": "act-1", "resident_id": "res-1", "name": "김은하", "consents": agreed("service")}

    assert schemas.Register().validate(asked) == {"over_14": ["Missing data for required field."]}


def test_registering_again_with_the_same_act_gives_the_same_answer_and_says_nothing_twice(office: Office) -> None:
    asked: dict[str, Any] = {"resident_id": "res-1", "name": "김은하", "over_14": True, "consents": agreed("service")}

    first = office.registry.register(a_resident(), act_id="act-a", **asked)
    again = office.registry.register(a_resident(), act_id="act-a", **asked)

    assert first == again
    assert office.said() == ["resident.registered", "consent.given"]


def test_what_is_kept_of_an_act_tells_nothing_of_the_place_or_the_address(office: Office) -> None:
    def hashes(resident_id: str) -> dict[str, str]:
        office.register(resident_id, mail="eunha@example.org")
        by, who = a_resident(resident_id), {"resident_id": resident_id}
        office.registry.set_home(by, act_id="home", **who, **LIBRARY)
        office.registry.correct(by, act_id="correct", **who, mail="byeol@example.org")
        office.set_interest(resident_id)
        kept = office.residents.collection.find_one({"_id": resident_id})
        assert kept is not None
        return {act["id"]: act["hash"] for act in kept["acts"]}

    first, second = hashes("res-1"), hashes("res-2")
    assert first["asked:home"] != second["asked:home"]
    assert first["asked:correct"] != second["asked:correct"]
    with pytest.raises(Refused, match="act_id_reused"):
        office.registry.set_home(a_resident(), act_id="home", resident_id="res-1", **NEARBY)

    office.withdraw("service")
    left = office.residents.collection.find_one({"_id": "res-1"})
    assert left is not None
    assert "salt" not in left


def test_an_id_that_is_taken_is_refused(office: Office) -> None:
    office.register()
    assert refusal(office.register) == ("id_taken", "id")


def test_a_service_names_the_tenant_and_an_officer_registers_into_their_own(office: Office) -> None:
    asked: dict[str, Any] = {"name": "박은하", "over_14": True, "consents": agreed("service")}

    def by_service(**more: Any) -> Any:
        return office.registry.register(a_service(), act_id="act-s", resident_id="res-s", **asked, **more)

    assert refusal(by_service) == ("tenant_needed", "tenant")
    by_service(tenant=TOWN)
    office.registry.register(an_officer(), act_id="act-o", resident_id="res-o", **asked)

    assert office.residents.get("res-s").consents[0].channel == "service"
    at_the_counter = office.residents.get("res-o").consents[0]
    assert (at_the_counter.channel, at_the_counter.entered_by) == ("counter", "officer-7")


@pytest.mark.parametrize(
    "wrong",
    ["", "은하", "eunha", "eunha@", "@example.org", "eunha@example", "a b@example.org", "eunha@example..org",
     ".eunha@example.org", "eunha@example.org, b@example.org", "eunha@-example.org", "eunha@exam_ple.org",
     "은하@example.org", f"{'a' * 65}@example.org", f"eunha@{'a.' * 130}org", "eunha@example.org\nBcc: b@example.org"],
)  # fmt: skip
def test_a_malformed_mail_address_is_refused_with_an_example(wrong: str) -> None:
    with pytest.raises(Refused) as caught:
        written_mail(wrong)
    assert (caught.value.code, caught.value.field) == ("mail_malformed", "mail")
    assert written_mail(caught.value.values["example"])


@pytest.mark.parametrize(
    "right", ["eunha@example.org", " e.un+ha_1@mail.gwangsan.example ", "a@xn--3e0b707e.xn--3e0b707e"]
)
def test_an_ordinary_mail_address_is_kept_without_its_surroundings(right: str) -> None:
    assert written_mail(right) == right.strip()


# Consents


def test_withdrawing_the_location_consent_lets_go_of_home_and_interests_in_the_same_act(office: Office) -> None:
    office.register()
    office.registry.set_home(a_resident(), act_id="act-home", resident_id="res-1", **LIBRARY)
    office.set_interest()
    before = office.residents.get("res-1").version

    office.withdraw("location")

    document = office.residents.collection.find_one({"_id": "res-1"})
    assert document is not None
    assert document["version"] == before + 1
    assert ("home" in document, document["interests"], "shelf" in document) == (False, [], False)
    assert office.said()[-2:] == ["consent.withdrawn", "interest.removed"]
    assert not office.registry.consented(a_service(), resident_id="res-1", purpose="location")["given"]


def test_no_place_is_left_in_any_event_or_in_what_an_act_remembers(office: Office) -> None:
    office.register()
    office.registry.set_home(a_resident(), act_id="act-home", resident_id="res-1", **LIBRARY)
    office.set_interest()
    office.withdraw("location")

    told = str(office.residents.collection.find_one({"_id": "res-1"}))

    assert str(LIBRARY["lat"]) not in told
    assert str(LIBRARY["lon"]) not in told


def test_leaving_lets_go_of_name_mail_places_and_every_consent(office: Office) -> None:
    office.register()
    office.registry.set_home(a_resident(), act_id="act-home", resident_id="res-1", **LIBRARY)

    office.withdraw("service")

    kept = office.registry.get(a_resident(), resident_id="res-1")
    assert (kept["name"], kept["mail"], kept["home"]) == ("", None, None)
    assert all(consent["withdrawn_at"] for consent in kept["consents"])
    assert "김은하" not in str(office.residents.collection.find_one({"_id": "res-1"}))
    again = {"act_id": "act-x", "resident_id": "res-1"}
    assert refusal(lambda: office.registry.set_home(a_resident(), **again, **LIBRARY)) == (
        "resident_left",
        "resident_id",
    )


def test_agreeing_to_a_new_text_replaces_the_consent_to_the_old_one_and_keeps_its_record(office: Office) -> None:
    office.register(consents=("service",))
    office.clock.move(timedelta(days=30))
    ask = {"resident_id": "res-1", "purpose": "service", "text_version": "2026-12"}

    office.registry.give_consent(a_resident(), act_id="act-a", **ask)
    office.registry.give_consent(a_resident(), act_id="act-b", **ask)

    old, new = office.registry.get(a_resident(), resident_id="res-1")["consents"]
    assert (old["text_version"], old["withdrawn_at"]) == ("2026-01", "2026-12-22T00:30:00.000Z")
    assert (new["text_version"], new["withdrawn_at"]) == ("2026-12", None)
    assert office.said() == ["resident.registered", "consent.given", "consent.given"]


def test_withdrawing_what_was_never_given_changes_and_says_nothing(office: Office) -> None:
    office.register(consents=("service",))
    office.withdraw("night_news")
    assert office.said() == ["resident.registered", "consent.given"]


@given(
    some.lists(
        some.tuples(some.sampled_from(["give", "withdraw", "home"]), some.sampled_from(PURPOSES[1:])), max_size=80
    )
)
def test_at_any_time_one_consent_at_most_stands_per_purpose_and_no_home_without_one(
    acts: list[tuple[str, str]],
) -> None:
    clock = StoppedClock(datetime(2026, 11, 22, tzinfo=UTC))
    hand = Hand("self", clock.now())
    resident = Resident.register(
        resident_id="res-1",
        tenant=TOWN,
        name="김은하",
        mail=None,
        agreed=[Agreement("service", "2026-01")],
        over_14=True,
        hand=hand,
        salt="salt-1",
    )
    for number, (verb, purpose) in enumerate(acts):
        if verb == "give":
            resident.give(Agreement(purpose, f"v{number}"), hand)
        elif verb == "withdraw":
            resident.withdraw(purpose, hand)
        elif resident.consents_to("location"):
            resident.settle_home(Point(35.1457, 126.7937))
        standing = [consent.purpose for consent in resident.consents if consent.stands]
        assert len(standing) == len(set(standing))
        assert "service" in standing
        assert resident.home is None or resident.consents_to("location")
        assert len(resident.consents) <= RECORDS_KEPT


# Home and contacts


def test_home_is_kept_only_with_the_location_consent(office: Office) -> None:
    office.register(consents=("service",))
    ask = {"act_id": "act-home", "resident_id": "res-1", **LIBRARY}

    assert refusal(lambda: office.registry.set_home(a_resident(), **ask)) == ("location_consent_needed", "lat")
    assert office.registry.location_records(a_resident(), resident_id="res-1") == {"records": []}

    office.registry.give_consent(
        a_resident(), act_id="act-c", resident_id="res-1", purpose="location", text_version="2026-01"
    )
    office.registry.set_home(a_resident(), **ask)
    office.registry.set_home(a_resident(), **ask)

    assert office.registry.get(a_resident(), resident_id="res-1")["home"] == LIBRARY
    assert office.registry.location_records(a_resident(), resident_id="res-1")["records"] == [
        {"at": "2026-11-22T00:30:00.000Z", "act": "collected", "kind": "home", "receiver": "residents"}
    ]


def test_an_address_is_given_out_only_with_the_consent_for_mail(office: Office) -> None:
    office.register("res-1")
    office.register("res-2", consents=("service",))
    office.register("res-3", mail=None)
    office.register("res-4")
    office.withdraw("contact_mail", "res-4")

    given_out = office.registry.contacts(a_service(), resident_ids=["res-1", "res-2", "res-3", "res-4", "res-nobody"])

    assert given_out == {"contacts": {"res-1": {"mail": "res-1@example.org", "night_news": False}}}


def test_a_resident_corrects_name_and_mail_or_takes_the_mail_back(office: Office) -> None:
    office.register()
    office.registry.correct(
        a_resident(), act_id="act-a", resident_id="res-1", name="김 은하수 ", mail="new@example.org"
    )
    kept = office.registry.get(a_resident(), resident_id="res-1")
    assert (kept["name"], kept["mail"]) == ("김 은하수", "new@example.org")

    office.registry.correct(a_resident(), act_id="act-b", resident_id="res-1", mail="")
    assert office.registry.get(a_resident(), resident_id="res-1")["mail"] is None


# Who may ask

ABOUT_ONE: dict[str, Callable[[Office, Actor], Any]] = {
    "get": lambda office, actor: office.registry.get(actor, resident_id="res-1"),
    "correct": lambda office, actor: office.registry.correct(
        actor, act_id="act-x", resident_id="res-1", name="김은하수"
    ),
    "give_consent": lambda office, actor: office.registry.give_consent(
        actor, act_id="act-x", resident_id="res-1", purpose="night_news", text_version="2026-01"
    ),
    "withdraw_consent": lambda office, actor: office.registry.withdraw_consent(
        actor, act_id="act-x", resident_id="res-1", purpose="location"
    ),
    "set_home": lambda office, actor: office.registry.set_home(actor, act_id="act-x", resident_id="res-1", **NEARBY),
    "location_records": lambda office, actor: office.registry.location_records(actor, resident_id="res-1"),
    "set_interest": lambda office, actor: office.interests.set(
        actor, act_id="act-x", resident_id="res-1", interest_id="res-1:home", **NEARBY
    ),
    "remove_interest": lambda office, actor: office.interests.remove(actor, act_id="act-x", interest_id="res-1:home"),
    "list_interests": lambda office, actor: office.interests.list(actor, resident_id="res-1"),
}


@pytest.mark.parametrize("method", ABOUT_ONE)
def test_only_oneself_staff_of_the_tenant_and_services_are_let_in(office: Office, method: str) -> None:
    office.register()
    ask = ABOUT_ONE[method]

    assert refusal(lambda: ask(office, ANYONE))[0] == "sign_in_needed"
    assert refusal(lambda: ask(office, a_host()))[0] == "role_not_allowed"
    assert refusal(lambda: ask(office, a_resident("res-2")))[0] == "only_for_oneself"
    assert refusal(lambda: ask(office, an_officer("bukgu")))[0] == "other_tenant"
    assert office.residents.get("res-1").version == 1
    assert office.trail.access.count({}) == 0
    for let_in in (a_resident(), an_officer(), a_service()):
        assert isinstance(ask(office, let_in), dict)


@pytest.mark.parametrize("method", ABOUT_ONE)
def test_each_look_and_change_by_staff_is_on_the_access_log_and_nobody_elses(office: Office, method: str) -> None:
    office.register()
    ABOUT_ONE[method](office, a_resident())
    ABOUT_ONE[method](office, a_service())
    assert office.trail.access.count({}) == 0

    ABOUT_ONE[method](office, an_officer())

    (line,) = office.trail.access.find({"resident": "res-1"})
    assert (line["account"], line["action"], line["at"]) == ("officer-7", method, office.clock.now())


def test_consent_is_told_to_the_resident_and_to_services_but_not_to_staff(office: Office) -> None:
    office.register()

    def ask(actor: Actor) -> Any:
        return office.registry.consented(actor, resident_id="res-1", purpose="location")

    assert ask(a_service()) == ask(a_resident()) == {"given": True}
    assert refusal(lambda: ask(an_officer()))[0] == "role_not_allowed"
    assert refusal(lambda: ask(a_resident("res-2")))[0] == "only_for_oneself"
    assert refusal(lambda: ask(ANYONE))[0] == "sign_in_needed"


def test_a_service_asks_of_whom_a_consent_stands_all_at_once(office: Office) -> None:
    office.register("res-1")
    office.register("res-2", consents=("service",))

    def ask(actor: Actor, purpose: str = "location") -> Any:
        return office.registry.consented_of(actor, resident_ids=["res-1", "res-2", "res-3"], purpose=purpose)

    assert ask(a_service()) == {"given": ["res-1"]}
    assert ask(a_service(), "service") == {"given": ["res-1", "res-2"]}
    for actor in (a_resident(), an_officer(), a_host()):
        assert refusal(lambda actor=actor: ask(actor))[0] == "role_not_allowed"  # type: ignore[misc]
    office.withdraw("location")
    assert ask(a_service()) == {"given": []}


def test_a_service_asks_which_tenant_registered_somebody_and_learns_nothing_else(office: Office) -> None:
    office.register("res-1")
    office.register("res-2", tenant="bukgu")

    def ask(actor: Actor, resident_id: str = "res-1") -> Any:
        return office.registry.tenant_of(actor, resident_id=resident_id)

    assert [ask(a_service(), one) for one in ("res-1", "res-2", "res-3")] == [
        {"tenant": TOWN},
        {"tenant": "bukgu"},
        {"tenant": None},
    ]
    office.withdraw("service")
    assert ask(a_service()) == {"tenant": TOWN}
    for actor in (a_resident(), an_officer(), a_host()):
        assert refusal(lambda actor=actor: ask(actor))[0] == "role_not_allowed"  # type: ignore[misc]
    assert refusal(lambda: ask(ANYONE))[0] == "sign_in_needed"


def test_a_consent_stands_since_it_was_last_given_anew_and_not_since_its_text_changed(office: Office) -> None:
    office.register(consents=("service",))

    def give(text_version: str) -> Any:
        office.clock.move(timedelta(minutes=1))
        asked = {"act_id": office.act_id(), "resident_id": "res-1", "purpose": "payout"}
        office.registry.give_consent(a_resident(), **asked, text_version=text_version)
        return office.clock.now()

    assert office.residents.get("res-1").agreed_since("payout") is None
    first = give("2026-01")
    give("2026-02")
    give("2027-01")
    assert office.residents.get("res-1").agreed_since("payout") == first
    office.clock.move(timedelta(minutes=1))
    office.withdraw("payout")
    assert office.residents.get("res-1").agreed_since("payout") is None
    assert office.residents.get("res-1").agreed_since("service") is not None
    again = give("2027-01")
    assert office.residents.get("res-1").agreed_since("payout") == again


def test_contacts_are_for_services_only(office: Office) -> None:
    for actor, code in (
        (ANYONE, "sign_in_needed"),
        (a_resident(), "role_not_allowed"),
        (an_officer(), "role_not_allowed"),
    ):
        assert refusal(lambda actor=actor: office.registry.contacts(actor, resident_ids=["res-1"]))[0] == code


def test_nobody_registers_in_anothers_name_or_tenant(office: Office) -> None:
    def register(actor: Actor, **more: Any) -> Any:
        asked = {"name": "김은하", "over_14": True, "consents": agreed("service"), **more}
        return office.registry.register(actor, act_id="act-x", resident_id="res-1", **asked)

    assert refusal(lambda: register(ANYONE))[0] == "sign_in_needed"
    assert refusal(lambda: register(a_resident("res-2")))[0] == "only_for_oneself"
    assert refusal(lambda: register(a_host()))[0] == "role_not_allowed"
    assert refusal(lambda: register(an_officer(), tenant="bukgu"))[0] == "other_tenant"
    assert refusal(lambda: register(a_resident(), tenant="bukgu"))[0] == "other_tenant"


def test_somebody_unknown_is_not_found(office: Office) -> None:
    assert refusal(lambda: office.registry.get(a_service(), resident_id="res-9"), NotFound)[0] == "no_such_resident"
    assert office.registry.consented(a_service(), resident_id="res-9", purpose="location") == {"given": False}


# What rests on a withdrawn consent


def the_withdrawal(office: Office, resident_id: str = "res-1") -> Event:
    document = office.residents.collection.find_one({"_id": resident_id})
    assert document is not None
    return next(event_of(entry) for entry in document["outbox"] if entry["type"] == CONSENT_WITHDRAWN.type)


def test_a_withdrawal_destroys_the_records_of_ones_places_but_not_later_ones_nor_those_of_others(
    office: Office,
) -> None:
    for resident_id in ("res-1", "res-2"):
        office.register(resident_id)
        office.set_interest(resident_id)
    office.hear()
    assert office.reach() == ["res-1", "res-2"]
    office.withdraw("location")
    withdrawal = the_withdrawal(office)
    office.clock.move(timedelta(hours=1))
    office.registry.give_consent(
        a_resident(), act_id="act-c", resident_id="res-1", purpose="location", text_version="2026-01"
    )
    office.registry.set_home(a_resident(), act_id="act-home", resident_id="res-1", **LIBRARY)

    office.registry.forget_places(withdrawal)
    office.registry.forget_places(withdrawal)

    def kinds(resident_id: str) -> list[str]:
        records = office.registry.location_records(a_resident(resident_id), resident_id=resident_id)["records"]
        return [record["kind"] for record in records]

    assert kinds("res-1") == ["home"]
    assert sorted(kinds("res-2")) == ["interest", "jobs"]


# The door


@pytest.mark.parametrize(
    ("schema", "wrong", "field", "fix"),
    [
        (schemas.Register, {"name": ""}, "name", "Give 1 to 100 characters."),
        (schemas.Register, {"resident_id": "r" * 65}, "resident_id", "Give 1 to 64 characters."),
        (schemas.Register, {"consents": []}, "consents", "service among them"),
        (schemas.Register, {"consents": [{"purpose": "ads", "text_version": "1"}]}, "purpose", "Give one of: service"),
        (schemas.Register, {"consents": [{"purpose": "service"}]}, "text_version", "Missing data"),
        (schemas.Register, {"over_14": "yes"}, "over_14", "Not a valid boolean"),
        (schemas.Register, {"phone": "010-0000-0000"}, "phone", "Unknown field"),
        (schemas.SetHome, {"lat": 91}, "lat", "Give degrees from -90 to 90."),
        (schemas.SetHome, {"lon": float("nan")}, "lon", "Special numeric values"),
        (schemas.Contacts, {"resident_ids": ["r"] * 1001}, "resident_ids", "at most 1000"),
        (schemas.Consented, {"purpose": "everything"}, "purpose", "Give one of: service"),
        (schemas.LocationRecords, {"limit": 0}, "limit", "Give 1 to 500."),
    ],
)  # fmt: skip
def test_what_is_wrong_at_the_door_is_named_with_its_fix(schema: Any, wrong: Any, field: str, fix: str) -> None:
    right = {
        "act_id": "act-1",
        "resident_id": "res-1",
        "resident_ids": ["res-1"],
        "name": "김은하",
        "over_14": True,
        "consents": agreed("service"),
        "purpose": "location",
        **LIBRARY,
    }
    asked = {name: value for name, value in right.items() if name in schema().fields}
    schema().load(asked)

    with pytest.raises(ValidationError) as caught:
        schema().load({**asked, **wrong})

    assert field in str(caught.value.messages)
    assert fix in str(caught.value.messages)
