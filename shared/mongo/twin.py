"""The database's twin: the same verbs in memory, for the simulation and for quick tests.

It keeps the same contract as ``shared.mongo.real`` (one test suite runs on both) and refuses any query or update
outside it. Documents are copied on the way in and out, as a wire would. ``step`` is called before every verb, and
again after every write: a scheduler stands there and may switch, crash or fail the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.errors import Unavailable
from shared.mongo.port import Change, Collection, Document, Duplicate, Index, Query, Update

Step = Callable[[str], None]
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$lte": lambda value, bound: value <= bound,
    "$lt": lambda value, bound: value < bound,
    "$gte": lambda value, bound: value >= bound,
    "$gt": lambda value, bound: value > bound,
}


#: What needs no copy.
_AS_IT_IS = frozenset({str, int, float, bool, bytes, type(None)})
_NOTHING = object()


class UnsupportedShape(Exception):
    """This query or update is not among the shapes that are cheap on every engine (shared/mongo/port.py)."""


def no_step(_what: str) -> None:
    """Go straight on."""


class TwinDatabase:
    """A database in memory. Several processes of a simulated town share one and may each see it away."""

    def __init__(self, name: str = "twin", step: Step = no_step) -> None:
        self.name = name
        self.step = step
        self.away = False
        self._collections: dict[str, TwinCollection] = {}

    def collection(self, name: str) -> TwinCollection:
        """Return the collection, made on first use."""
        if name not in self._collections:
            self._collections[name] = TwinCollection(name, self)
        return self._collections[name]

    def collections(self) -> dict[str, TwinCollection]:
        """Return every collection used so far, by name."""
        return dict(self._collections)

    def answers(self) -> bool:
        """Return whether it answers right now."""
        return not self.away

    def seen_by(self, step: Step) -> DatabaseView:
        """Return this database as one process sees it, with that process's own steps."""
        return DatabaseView(self, step)


class DatabaseView:
    """One process's connection to a twin database."""

    def __init__(self, database: TwinDatabase, step: Step) -> None:
        self._database = database
        self._step = step

    def collection(self, name: str) -> Collection:
        """Return the collection, made on first use."""
        return self._database.collection(name).seen_by(self._step)

    def answers(self) -> bool:
        """Return whether it answers right now."""
        return self._database.answers()


class TwinCollection:
    """A collection in memory."""

    def __init__(self, name: str, database: TwinDatabase) -> None:
        self.name = name
        self._database = database
        self._documents: dict[Any, Document] = {}
        self._unique: list[Index] = []
        self._step: Step = database.step

    def seen_by(self, step: Step) -> TwinCollection:
        """Return the same documents with another process's steps."""
        view = TwinCollection.__new__(TwinCollection)
        view.__dict__ = {**self.__dict__, "_step": step}
        return view

    def everything(self) -> Iterator[Document]:
        """Yield every document as it is at rest, without a step: for invariants."""
        return iter(self._documents.values())

    def ensure(self, indexes: Iterable[Index]) -> None:
        """Keep the unique ones; the others are only about speed."""
        self._reach("ensure")
        self._unique[:] = [index for index in indexes if index.unique]

    def find_one(self, query: Query, fields: Sequence[str] | None = None) -> Document | None:
        """Return one matching document, or None."""
        self._reach("find_one")
        found = next(self._matching(query), None)
        return None if found is None else _cut(found, fields)

    def find(
        self, query: Query, fields: Sequence[str] | None = None, *, limit: int = 0, newest: str | None = None
    ) -> list[Document]:
        """Return matching documents."""
        self._reach("find")
        found = list(self._matching(query))
        if newest is not None:
            found.sort(key=lambda document: (document[newest], document["_id"]), reverse=True)
        return [_cut(document, fields) for document in (found[:limit] if limit else found)]

    def count(self, query: Query) -> int:
        """Return how many documents match."""
        self._reach("count")
        return sum(1 for _ in self._matching(query))

    def insert_one(self, document: Document) -> None:
        """Store it; raise ``Duplicate`` when it is there."""
        self._reach("insert_one")
        self._store(copied(document))
        self._answer("insert_one")

    def insert_many(self, documents: Sequence[Document]) -> set[Any]:
        """Store all that are not there yet; return the ``_id`` of those that were."""
        if not documents:
            return set()
        self._reach("insert_many")
        there = set()
        for document in documents:
            try:
                self._store(copied(document))
            except Duplicate:
                there.add(document["_id"])
        self._answer("insert_many")
        return there

    def update_one(self, query: Query, update: Update, *, upsert: bool = False) -> int:
        """Change at most one document; return how many matched."""
        self._reach("update_one")
        matched = self._update(Change(query, update, upsert))
        self._answer("update_one")
        return matched

    def update_each(self, changes: Sequence[Change]) -> int:
        """Carry out the changes; return how many matched, in all."""
        if not changes:
            return 0
        self._reach("update_each")
        matched = sum(self._update(change) for change in changes)
        self._answer("update_each")
        return matched

    def delete_many(self, query: Query) -> int:
        """Remove what matches; return how many."""
        self._reach("delete_many")
        gone = [document["_id"] for document in self._matching(query)]
        for key in gone:
            del self._documents[key]
        self._answer("delete_many")
        return len(gone)

    def _reach(self, verb: str) -> None:
        self._step(f"database {self.name}.{verb}")
        if self._database.away:
            raise Unavailable(f"database: {self.name}.{verb}: away")

    def _answer(self, verb: str) -> None:
        """The write is done; its answer is still on the way."""
        self._step(f"database {self.name}.{verb} done")
        if self._database.away:
            raise Unavailable(f"database: {self.name}.{verb}: the answer was lost")

    def _matching(self, query: Query) -> Iterator[Document]:
        key = query.get("_id")
        if key is not None and not isinstance(key, Mapping):
            candidates: Iterable[Document] = [self._documents[key]] if key in self._documents else []
        elif isinstance(key, Mapping) and set(key) == {"$in"}:
            candidates = [self._documents[one] for one in key["$in"] if one in self._documents]
        else:
            candidates = list(self._documents.values())
        return (document for document in candidates if matches(document, query))

    def _store(self, document: Document) -> None:
        if document["_id"] in self._documents:
            raise Duplicate(f"{self.name}: _id {document['_id']!r}")
        self._refuse_taken(document)
        self._documents[document["_id"]] = document

    def _refuse_taken(self, document: Document) -> None:
        for index in self._unique:
            if index.where_exists is not None and not _values(document, index.where_exists):
                continue
            wanted = [_values(document, key) for key in index.keys]
            for other in self._documents.values():
                if other["_id"] != document["_id"] and wanted == [_values(other, key) for key in index.keys]:
                    raise Duplicate(f"{self.name}: {index.keys} {wanted!r}")

    def _update(self, change: Change) -> int:
        found = next(self._matching(change.query), None)
        if found is None:
            if not change.upsert:
                return 0
            fresh = {key: value for key, value in change.query.items() if not isinstance(value, Mapping)}
            _apply(fresh, change, inserted=True)
            self._store(fresh)
            return 1
        changed = copied(found)
        _apply(changed, change, inserted=False)
        self._refuse_taken(changed)
        self._documents[changed["_id"]] = changed
        return 1


def copied(value: Any) -> Any:
    """Return a deep copy of what a database can hold; instants are cut to milliseconds, tuples become lists."""
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [copied(item) for item in value]
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}")
        return value.replace(microsecond=value.microsecond // 1000 * 1000)
    if value is None or isinstance(value, str | int | float | bool | bytes):
        return value
    raise UnsupportedShape(f"a database can't hold {type(value).__name__}")


def _cut(document: Document, fields: Sequence[str] | None) -> Document:
    if fields is None:
        return dict(copied(document))
    kept: Document = {"_id": document["_id"]}
    for path in fields:
        _graft(kept, document, path.split("."))
    return kept


def _graft(kept: Any, source: Any, path: list[str]) -> None:
    head, rest = path[0], path[1:]
    if not isinstance(source, dict) or head not in source:
        return
    if not rest:
        kept[head] = copied(source[head])
    elif isinstance(source[head], list):
        rows = kept.setdefault(head, [{} for _ in source[head]])
        for row, item in zip(rows, source[head], strict=True):
            _graft(row, item, rest)
    else:
        _graft(kept.setdefault(head, {}), source[head], rest)


def _values(document: Any, path: str) -> list[Any]:
    """Return what stands at a dotted path; an array on the way gives the values of each of its items."""
    if "." not in path:
        return [document[path]] if path in document else []
    found = [document]
    for part in path.split("."):
        deeper: list[Any] = []
        for value in found:
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict) and part in item:
                    deeper.append(item[part])
        found = deeper
    return found


def matches(document: Document, query: Query) -> bool:
    """Return whether the document answers the query; raise ``UnsupportedShape`` for what the port has not."""
    for path, condition in query.items():  # noqa: SIM110  (a generator here doubles the cost of a simulated town)
        if not _holds(document, path, condition):
            return False
    return True


def _holds(document: Document, path: str, condition: Any) -> bool:
    """Ask one condition; plain equality, by far the most frequent, takes the short way."""
    if type(condition) in _AS_IT_IS and condition is not None:
        head, _, tail = path.partition(".")
        value = document.get(head, _NOTHING)
        if not tail and type(value) in _AS_IT_IS:
            return bool(value == condition)
        if tail and type(value) is list and not value:
            return False
    return _agrees(_values(document, path), condition)


def _agrees(values: list[Any], condition: Any) -> bool:
    flat = values
    if any(isinstance(value, list) for value in values):
        flat = [item for value in values for item in ([value, *value] if isinstance(value, list) else [value])]
    if not (isinstance(condition, Mapping) and any(key.startswith("$") for key in condition)):
        return bool(condition in flat or (condition is None and not values))
    return all(_agrees_with(operator, bound, values, flat) for operator, bound in condition.items())


def _agrees_with(operator: str, bound: Any, values: list[Any], flat: list[Any]) -> bool:
    if operator == "$in":
        return any(value in bound for value in flat) or bool(None in bound and not values)
    if operator == "$exists":
        return bool(bool(values) == bound)
    if operator == "$ne":
        return bool(bound not in flat and not (bound is None and not values))
    if operator in _COMPARISONS:
        compare = _COMPARISONS[operator]
        return any(type(value) is type(bound) and bool(compare(value, bound)) for value in flat)
    raise UnsupportedShape(f"query operator {operator}")


def _apply(document: Document, change: Change, *, inserted: bool) -> None:
    for operator, paths in change.update.items():
        for path, value in paths.items():
            if operator == "$setOnInsert":
                if inserted:
                    _set(document, path.split("."), copied(value), change)
            elif operator == "$set":
                _set(document, path.split("."), copied(value), change)
            elif operator == "$unset":
                _unset(document, path.split("."))
            elif operator == "$inc":
                _set(document, path.split("."), (_values(document, path) or [0])[0] + value, change)
            elif operator == "$push":
                _push(document, path.split("."), value)
            elif operator == "$pull":
                _pull(document, path.split("."), value)
            else:
                raise UnsupportedShape(f"update operator {operator}")


def _parent(document: Document, path: list[str]) -> Document:
    for part in path[:-1]:
        document = document.setdefault(part, {})
    return document


def _set(document: Any, path: list[str], value: Any, change: Change) -> None:
    for depth, part in enumerate(path):
        if part == "$":
            row = _first_match(document, ".".join(path[:depth]), change.query)
            _set(row, path[depth + 1 :], value, change)
            return
    _parent(document, path)[path[-1]] = value


def _first_match(document: Document, path: str, query: Query) -> Any:
    conditions = {key[len(path) + 1 :]: wanted for key, wanted in query.items() if key.startswith(f"{path}.")}
    for row in _values(document, path)[0]:
        if conditions and matches(row, conditions):
            return row
    raise UnsupportedShape(f"positional $ on {path} without a condition on it")


def _unset(document: Document, path: list[str]) -> None:
    _parent(document, path).pop(path[-1], None)


def _push(document: Document, path: list[str], value: Any) -> None:
    rows = _parent(document, path).setdefault(path[-1], [])
    if isinstance(value, Mapping) and "$each" in value:
        if set(value) - {"$each", "$slice"}:
            raise UnsupportedShape(f"$push with {sorted(value)}")
        rows.extend(copied(list(value["$each"])))
        keep = value.get("$slice")
        if keep is not None:
            if keep >= 0:
                raise UnsupportedShape("$slice keeps the last entries: a negative number")
            rows[:] = rows[keep:]
    else:
        rows.append(copied(value))


def _pull(document: Document, path: list[str], value: Any) -> None:
    rows = _parent(document, path).get(path[-1], [])
    if not isinstance(value, Mapping):
        raise UnsupportedShape("$pull names the entry by its fields")
    rows[:] = [row for row in rows if not matches(row, value)]
