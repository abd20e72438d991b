"""What crosses the RPC door of tenants, programmes and budgets."""

from __future__ import annotations

from datetime import date
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, validate

from services.placement.programmes.figures import MEASURES, QUALIFIERS
from services.placement.programmes.model import MOST_NAMED
from services.placement.programmes.rows import TARGET_FIELDS
from services.placement.wages.model import FLOORS
from shared.events.contract import PRINTABLE
from shared.events.placement.plans import ENGAGEMENTS, TARGET_MEASURES, YEARS

TENANT = validate.Regexp(r"\A[a-z0-9][a-z0-9-]{1,40}\Z", error="2 to 41 small letters, digits and hyphens.")
CODE = validate.Regexp(r"\A[a-z0-9][a-z0-9-]{1,60}\Z", error="2 to 61 small letters, digits and hyphens.")
#: Of a 시·군·구, MOIS series.
DISTRICT = validate.Regexp(r"\A[0-9]{5}\Z", error="Five digits.")
#: For texts that people read: blanks alone say nothing.
FILLED = validate.Regexp(r"\s*\S", error="Give more than blanks.")
#: A target group that is only named has its name for a code.
LONGEST_NAME = 40
COUNT = validate.Range(min=0, max=10**15)


def a_day(text: str) -> None:
    """Raise ``ValidationError`` unless the text is a day."""
    try:
        same = date.fromisoformat(text).isoformat() == text
    except ValueError:
        same = False
    if not same:
        raise ValidationError("Not a day such as 2019-08-31.")


def some_day(text: str) -> None:
    """Raise ``ValidationError`` unless the text is a year, a month or a day: sources are not always exact."""
    a_day({4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text))


def worded(most: int) -> list[Any]:
    """Return what a text of at most ``most`` characters must be: printable, and more than blanks."""
    return [validate.Length(min=1, max=most), PRINTABLE, FILLED]


class Command(Schema):
    """Every command names itself, so that a repeat is recognised."""

    act_id = fields.String(required=True, validate=[validate.Length(min=1, max=200), PRINTABLE])


class OpenTenant(Command):
    """A new tenant."""

    tenant = fields.String(required=True, validate=TENANT)
    name = fields.String(required=True, validate=worded(80))
    rehearsal = fields.Boolean(load_default=False)


class CloseTenant(Command):
    """A tenant that takes no more acts."""

    tenant = fields.String(required=True, validate=TENANT)


class TargetGroup(Schema):
    """A group that a programme is for; an opening is kept for it only by a stated legal basis."""

    code = fields.String(required=True, validate=[validate.Length(min=1, max=40), PRINTABLE])
    name_ko = fields.String(required=True, validate=worded(80))
    legal_basis = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=300))


class NamedGroup(fields.Field[Any]):
    """A target group as a row has it: described, or only named."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            return TargetGroup().load(value)
        if not 1 <= len(value) <= LONGEST_NAME:
            raise ValidationError(f"Give a name of 1 to {LONGEST_NAME} characters, or code, name_ko and legal_basis.")
        PRINTABLE(value)
        FILLED(value)
        return value


class Pillar(Schema):
    """A named pillar of an umbrella."""

    code = fields.String(required=True, validate=CODE)
    name_ko = fields.String(required=True, validate=worded(200))
    programme = fields.String(load_default=None, allow_none=True, validate=CODE)


class Claimed(Schema):
    """How many programmes and districts a source says there are."""

    programmes = fields.Integer(load_default=None, allow_none=True, strict=True, validate=COUNT)
    districts = fields.Integer(load_default=None, allow_none=True, strict=True, validate=COUNT)


def known(**options: Any) -> fields.Integer:
    """Return a figure of a row; null is 자료 없음."""
    return fields.Integer(load_default=None, allow_none=True, strict=True, validate=COUNT, **options)


def names() -> fields.List[Any]:
    """Return a list of names."""
    return fields.List(
        fields.String(validate=[validate.Length(min=1, max=200), PRINTABLE]),
        load_default=list,
        validate=validate.Length(max=MOST_NAMED),
    )


class Row(Schema):
    """A programme's row; what is not named here is kept as it is."""

    class Meta:
        """Rows carry more than we read."""

        unknown = INCLUDE

    id = fields.String(required=True, validate=CODE)
    name_ko = fields.String(required=True, validate=worded(200))
    name_en = fields.String(load_default=None, allow_none=True)
    kind = fields.String(required=True, validate=validate.Length(min=1, max=40))
    role = fields.String(required=True, validate=worded(40))
    parent = fields.String(load_default=None, allow_none=True, validate=CODE)
    municipality = fields.String(load_default=None, allow_none=True, validate=worded(40))
    district = fields.String(load_default=None, allow_none=True, validate=worded(40))
    district_code = fields.String(load_default=None, allow_none=True, validate=DISTRICT)
    year = fields.Integer(load_default=None, allow_none=True, strict=True, validate=YEARS)
    start = fields.String(load_default=None, allow_none=True, validate=some_day)
    wage_floor = fields.String(load_default="minimum", validate=validate.OneOf(FLOORS))
    direct_job = fields.Boolean(load_default=None, allow_none=True)
    engagement = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(ENGAGEMENTS))
    pilot = fields.Boolean(load_default=None, allow_none=True)
    target_groups = fields.List(NamedGroup(), load_default=list, validate=validate.Length(max=MOST_NAMED))
    tags = fields.List(fields.String(validate=CODE), load_default=list, validate=validate.Length(max=MOST_NAMED))
    pillars = fields.List(fields.Nested(Pillar), load_default=list, validate=validate.Length(max=MOST_NAMED))
    partners = names()
    hosts = names()
    agreed_on = fields.String(load_default=None, allow_none=True, validate=a_day)
    claimed = fields.Nested(Claimed, load_default=None, allow_none=True)
    jobs_target = known()
    people_target = known()
    trained_target = known()
    sessions_target = known()
    sites_target = known()
    jobs_created = known()
    people_placed = known()
    trained = known()
    sessions_delivered = known()
    sites_served = known()
    budget_krw = known()
    qualifiers = fields.Dict(
        keys=fields.String(validate=validate.OneOf((*MEASURES, *TARGET_FIELDS.values()))),
        values=fields.String(validate=validate.OneOf(QUALIFIERS)),
        load_default=None,
        allow_none=True,
    )
    as_of = fields.String(load_default=None, allow_none=True, validate=some_day)
    source = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=300))
    published = fields.String(load_default=None, allow_none=True, validate=a_day)


class OneTenant(Schema):
    """Which tenant."""

    tenant = fields.String(required=True, validate=validate.Length(min=1, max=160))


class Nothing(Schema):
    """A question that needs nothing."""


class OneProgramme(Schema):
    """Which programme."""

    programme_id = fields.String(required=True, validate=validate.Length(min=1, max=160))


class ListProgrammes(OneTenant):
    """A tenant's programmes: of a district, on a day on which its code is valid."""

    district = fields.String(allow_none=True)
    on = fields.String(allow_none=True)
    under = fields.String(allow_none=True)
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class LoadProgrammes(Schema):
    """Rows of the data, loaded into a tenant."""

    tenant = fields.String(required=True, validate=TENANT)
    programmes = fields.List(fields.Nested(Row), required=True, validate=validate.Length(min=1, max=500))


class SetWageFloor(Command):
    """Which wage a programme's openings may not go under."""

    programme_id = fields.String(required=True)
    wage_floor = fields.String(required=True, validate=validate.OneOf(FLOORS))


class SetFlags(Command):
    """What a programme is; what is left out or null stays."""

    programme_id = fields.String(required=True)
    direct_job = fields.Boolean(allow_none=True)
    engagement = fields.String(allow_none=True, validate=validate.OneOf(ENGAGEMENTS))
    pilot = fields.Boolean(allow_none=True)


class SetHosts(Command):
    """Who may publish a programme's openings."""

    programme_id = fields.String(required=True)
    hosts = fields.List(
        fields.String(validate=[validate.Length(min=1, max=160), PRINTABLE]),
        required=True,
        validate=validate.Length(max=MOST_NAMED),
    )


class SetTargetGroups(Command):
    """Whom a programme is for."""

    programme_id = fields.String(required=True)
    target_groups = fields.List(fields.Nested(TargetGroup), required=True, validate=validate.Length(max=MOST_NAMED))


class SetTags(Command):
    """Under which further umbrellas a programme appears."""

    programme_id = fields.String(required=True)
    tags = fields.List(fields.String(validate=CODE), required=True, validate=validate.Length(max=MOST_NAMED))


class SetTarget(Command):
    """What a programme promises to reach; null: nothing."""

    programme_id = fields.String(required=True)
    measure = fields.String(required=True, validate=validate.OneOf(TARGET_MEASURES))
    value = fields.Integer(required=True, allow_none=True, strict=True, validate=COUNT)
    qualifier = fields.String(load_default="exact", validate=validate.OneOf(QUALIFIERS))


class ReportFigure(Command):
    """A figure that a source published; null takes it back."""

    programme_id = fields.String(required=True)
    measure = fields.String(required=True, validate=validate.OneOf(MEASURES))
    value = fields.Integer(required=True, allow_none=True, strict=True, validate=COUNT)
    qualifier = fields.String(load_default="exact", validate=validate.OneOf(QUALIFIERS))
    as_of = fields.Date(load_default=None, allow_none=True)
    source = fields.String(required=True, validate=[validate.Length(min=1, max=300), PRINTABLE])


class ListFigures(OneProgramme):
    """What was published of a programme."""

    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class AskReport(ListFigures):
    """An umbrella's dashboard, by figures of a day and before."""

    as_of = fields.Date(allow_none=True)


class SetBudget(Command):
    """A programme's ceiling in won; null is 자료 없음: none."""

    programme_id = fields.String(required=True)
    total = fields.Integer(required=True, allow_none=True, strict=True)
