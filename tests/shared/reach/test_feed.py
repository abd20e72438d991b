"""A feed: bind first, then load, then newer versions only; a lost connection means loading again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Unavailable
from shared.geo import Point
from shared.reach import Change, Feed, Place, Places

NOW = datetime(2026, 7, 1, tzinfo=UTC)
HERE = Point(lat=35.1395, lon=126.7937)


class Town:
    """The documents that the feed loads from and fetches; ``away`` makes both fail."""

    def __init__(self):
        self.openings = {}
        self.away = False
        self.loads = 0
        self.on_load = lambda: None
        self.feed = Feed(make=Places, load=self.load, fetch=self.fetch)

    def load(self):
        self.loads += 1
        for place in list(self.openings.values()):
            self.answer()
            yield place
        self.on_load()

    def fetch(self, ids):
        self.answer()
        return {name: self.openings[name] for name in ids if name in self.openings}

    def answer(self):
        if self.away:
            raise Unavailable("the database is away")

    def publishes(self, name, version=1):
        self.openings[name] = Place(name, HERE, version)
        return Change(name, version)

    def closes(self, name, version=2):
        del self.openings[name]
        return Change(name, version)

    def shown(self):
        return [name for name, _ in self.feed.index.nearby(HERE, at=NOW, limit=100).places]


@pytest.fixture
def town():
    return Town()


def test_nothing_is_ready_before_the_first_load(town):
    assert not town.feed.ready
    with pytest.raises(Unavailable):
        town.shown()
    assert town.feed.catch_up() is False


def test_what_was_there_and_what_is_told_later_are_both_shown(town):
    town.publishes("library")
    town.feed.opened()

    assert town.feed.catch_up()
    town.feed.told(town.publishes("kitchen"))

    assert town.feed.ready
    assert town.shown() == ["kitchen", "library"]


def test_a_change_told_during_the_load_is_not_lost_even_when_the_load_missed_it(town):
    town.publishes("library")
    town.feed.opened()
    town.on_load = lambda: town.feed.told(town.closes("library"), town.publishes("kitchen"))

    town.feed.catch_up()

    assert town.shown() == ["kitchen"]


def test_an_item_may_come_with_its_event_and_needs_no_fetch(town):
    town.feed.opened()
    town.feed.catch_up()
    town.away = True

    town.feed.told(Change("library", 3, Place("library", HERE, 3)), Change("kitchen", 2, gone=True))
    town.feed.told(Change("kitchen", 1, Place("kitchen", HERE, 1)))

    assert town.shown() == ["library"]


def test_an_older_change_that_comes_later_is_ignored(town):
    town.feed.opened()
    town.feed.catch_up()
    town.feed.told(Change("library", 5, gone=True))
    town.feed.told(Change("library", 4, Place("library", HERE, 4)))

    assert town.shown() == []


def test_a_lost_connection_means_not_ready_and_loading_again(town):
    town.publishes("library")
    town.feed.opened()
    town.feed.catch_up()

    town.feed.lost()
    town.feed.told(town.closes("library"))

    assert not town.feed.ready
    assert town.shown() == ["library"]  # as it was last complete, never half of it
    town.feed.opened()
    assert town.feed.catch_up()
    assert town.shown() == []
    assert town.loads == 2


def test_a_load_overtaken_by_a_new_connection_is_thrown_away(town):
    town.publishes("library")
    town.feed.opened()

    def reconnect():
        town.on_load = lambda: None
        town.feed.lost()
        town.closes("library")
        town.feed.opened()

    town.on_load = reconnect

    assert town.feed.catch_up() is False
    assert not town.feed.ready
    assert town.feed.catch_up()
    assert town.shown() == []


def test_a_database_that_is_away_during_the_load_loses_no_change(town):
    town.publishes("library")
    town.feed.opened()
    town.away = True
    town.feed.told(Change("library", 2))
    with pytest.raises(Unavailable):
        town.feed.catch_up()
    town.publishes("library", 2)
    town.away = False

    assert town.feed.catch_up()
    assert town.feed.index.version("library") == 2


def test_a_change_that_cannot_be_fetched_is_kept_and_tried_again_without_loading(town):
    town.feed.opened()
    town.feed.catch_up()
    change = town.publishes("library")
    town.away = True
    with pytest.raises(Unavailable):
        town.feed.told(change)
    assert (town.feed.ready, town.feed.waiting) == (False, 1)

    town.away = False

    assert town.feed.catch_up()
    assert (town.shown(), town.loads, town.feed.waiting) == (["library"], 1, 0)


def test_a_fetch_that_answers_with_the_past_is_not_taken_for_the_present(town):
    town.feed.opened()
    town.feed.catch_up()
    town.publishes("library", 1)
    with pytest.raises(Unavailable):
        town.feed.told(Change("library", 2))
    assert not town.feed.ready

    town.publishes("library", 2)

    assert town.feed.catch_up()


def test_only_one_call_catches_up_at_a_time(town):
    seen = []
    town.feed.opened()
    town.on_load = lambda: seen.append(town.feed.catch_up())

    assert town.feed.catch_up()
    assert (seen, town.loads) == ([False], 1)


acts = st.lists(st.tuples(st.sampled_from(["publish", "close", "lose", "open", "away", "back"]), st.integers(0, 4)))


@settings(deadline=None, max_examples=100)
@given(acts=acts, late=st.randoms(use_true_random=False))
def test_once_ready_the_index_shows_what_the_town_has(acts, late):
    town, versions, underway = Town(), dict.fromkeys(range(5), 0), []

    def tell():
        late.shuffle(underway)
        while underway and late.random() < 0.7:
            try:
                town.feed.told(underway.pop())
            except Unavailable:
                assert town.away

    def catch_up():
        try:
            town.feed.catch_up()
        except Unavailable:
            assert town.away

    town.on_load = tell
    for act, number in acts:
        name = f"opening-{number}"
        if act in ("publish", "close") and (act == "publish" or name in town.openings):
            versions[number] += 1
            change = town.publishes(name, versions[number]) if act == "publish" else town.closes(name, versions[number])
            underway.append(change)
        elif act == "lose":
            town.feed.lost()
            underway.clear()
        elif act == "open":
            underway.clear()
            town.feed.opened()
        elif act in ("away", "back"):
            town.away = act == "away"
        tell()
        catch_up()

    town.away = False
    if not town.feed.ready and not town.feed.catch_up():
        town.feed.opened()
        underway.clear()
        assert town.feed.catch_up()
    town.feed.told(*underway)

    assert town.shown() == sorted(town.openings)
