from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError

from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.transactions import entry
from settlement import queries, services
from settlement.choices import RuleKind
from settlement.models import RuleVersion
from settlement.rules import InvalidSplit
from tests.factories.settlement import CREDIT_SPLIT, DraftSplitFactory
from tests.factories.stores import BrandFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 4, 30, 8, 0, tzinfo=UTC)
MAY = date(2026, 5, 1)
GENEROUS = {**CREDIT_SPLIT, "online": {"fulfilling": 900_000, "channel": 100_000}}


def test_draft_rule_version_has_no_effect_before_approval() -> None:
    brand = BrandFactory.create()
    with entry():
        draft = services.draft_rule_version(
            brand_id=brand.pk, params=GENEROUS, valid_from=MAY, valid_to=None, actor="user:1"
        )
    assert (draft.approved_at, draft.drafted_by, draft.starts_on, draft.ends_on) == (None, "user:1", MAY, date.max)
    assert queries.rule_in_force(brand.pk, RuleKind.CREDIT_SPLIT, MAY).brand_id is None


def test_draft_rule_version_with_bad_input_writes_nothing() -> None:
    before = RuleVersion.objects.count()
    with pytest.raises(InvalidSplit), entry():
        services.draft_rule_version(brand_id=None, params={}, valid_from=MAY, valid_to=None, actor="user:1")
    with pytest.raises(InvalidInput) as refusal, entry():
        services.draft_rule_version(brand_id=None, params=GENEROUS, valid_from=MAY, valid_to=MAY, actor="user:1")
    assert refusal.value.field == "valid_to"
    assert RuleVersion.objects.count() == before


def test_approve_rule_version_by_a_second_person_puts_it_into_force_for_its_brand() -> None:
    brand, stranger = BrandFactory.create(), BrandFactory.create()
    draft = DraftSplitFactory.create(brand=brand, params=GENEROUS)
    with entry():
        services.approve_rule_version(draft.pk, actor="user:2", now=NOW)
    assert queries.rule_in_force(brand.pk, RuleKind.CREDIT_SPLIT, MAY) == draft
    assert queries.rule_in_force(brand.pk, RuleKind.CREDIT_SPLIT, date(2026, 4, 30)).brand_id is None
    assert queries.rule_in_force(stranger.pk, RuleKind.CREDIT_SPLIT, MAY).brand_id is None


def test_approve_rule_version_ends_the_version_before_it() -> None:
    brand = BrandFactory.create()
    first = DraftSplitFactory.create(brand=brand)
    second = DraftSplitFactory.create(brand=brand, valid=(date(2026, 6, 1), None), params=GENEROUS)
    for draft in (first, second):
        with entry():
            services.approve_rule_version(draft.pk, actor="user:2", now=NOW)
    first.refresh_from_db()
    assert (first.starts_on, first.ends_on) == (MAY, date(2026, 6, 1))
    in_force = queries.rule_in_force
    assert in_force(brand.pk, RuleKind.CREDIT_SPLIT, date(2026, 5, 31)) == first
    assert in_force(brand.pk, RuleKind.CREDIT_SPLIT, date(2026, 6, 1)) == second


def test_approve_rule_version_of_every_brand_replaces_the_default() -> None:
    draft = DraftSplitFactory.create(brand=None)
    with entry():
        services.approve_rule_version(draft.pk, actor="user:2", now=NOW)
    assert queries.rule_in_force(BrandFactory.create().pk, RuleKind.CREDIT_SPLIT, MAY) == draft


@pytest.mark.parametrize(
    ("actor", "now", "error"),
    [
        ("user:1", NOW, services.SecondPersonNeeded),
        ("user:2", datetime(2026, 4, 30, 16, 0, tzinfo=UTC), services.RuleStartsTooEarly),
    ],
)
def test_approve_rule_version_without_standing_changes_nothing(
    actor: str, now: datetime, error: type[Exception]
) -> None:
    draft = DraftSplitFactory.create()
    with pytest.raises(error), entry():
        services.approve_rule_version(draft.pk, actor=actor, now=now)
    draft.refresh_from_db()
    assert (draft.approved_by, draft.approved_at) == ("", None)


def test_approve_rule_version_twice_is_refused() -> None:
    draft = DraftSplitFactory.create()
    with entry():
        services.approve_rule_version(draft.pk, actor="user:2", now=NOW)
    with pytest.raises(services.RuleAlreadyApproved), entry():
        services.approve_rule_version(draft.pk, actor="user:3", now=NOW)


def test_approve_rule_version_that_reaches_into_a_later_one_is_refused() -> None:
    later = DraftSplitFactory.create(valid=(date(2026, 6, 1), None))
    draft = DraftSplitFactory.create(brand=later.brand)
    with entry():
        services.approve_rule_version(later.pk, actor="user:2", now=NOW)
    with pytest.raises(services.RuleOverlaps), entry():
        services.approve_rule_version(draft.pk, actor="user:2", now=NOW)
    draft.refresh_from_db()
    assert draft.approved_at is None


def test_approve_rule_version_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound), entry():
        services.approve_rule_version(0, actor="user:2", now=NOW)


def test_approved_rule_versions_in_the_database_neither_overlap_nor_change() -> None:
    draft = DraftSplitFactory.create()
    with entry():
        services.approve_rule_version(draft.pk, actor="user:2", now=NOW)
    with pytest.raises(IntegrityError, match="settlement_rule_no_overlap"), entry():
        DraftSplitFactory.create(brand=draft.brand, approved_by="user:2", approved_at=NOW)
    with pytest.raises(IntegrityError, match="never changed"), entry():
        RuleVersion.objects.filter(pk=draft.pk).update(params=GENEROUS)
    with pytest.raises(IntegrityError, match="never changed"), entry():
        draft.delete()
    with pytest.raises(IntegrityError, match="settlement_rule_second_person"), entry():
        DraftSplitFactory.create(approved_by="user:1", approved_at=NOW)
