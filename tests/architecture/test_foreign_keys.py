"""Relations between models follow the arrows of the apps: downwards, without a way back, and protected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import AppConfig, apps
from django.db import models
from django.db.models.fields.related import RelatedField
from django.test.utils import isolate_apps

LAYERS = {
    "kernel": 0,
    "accounts": 1,
    "messaging": 1,
    "stores": 2,
    "inventory": 3,
    "fulfillment": 4,
    "members": 4,
    "orders": 5,
    "settlement": 6,
    "pages": 7,
    "api": 7,
}


def violations(walked: Iterable[type[models.Model]]) -> Iterator[str]:
    """Yield what is wrong with the relations of models; those to Django's and other packages' tables are free."""
    for model in walked:
        meta = model._meta
        for field in (*meta.local_fields, *meta.local_many_to_many):
            if not isinstance(field, RelatedField):
                continue
            target = field.related_model._meta.app_label
            if target != meta.app_label and target in LAYERS:
                yield from _crossing_problems(f"{meta.label}.{field.name}", field, meta.app_label, target)


def _crossing_problems(place: str, field: RelatedField[Any, Any], app: str, target: str) -> Iterator[str]:
    if LAYERS[target] >= LAYERS[app]:
        yield f"{place} points up or sideways to {target}"
    if not field.remote_field.hidden:
        yield f'{place} needs related_name="+"'
    if not isinstance(field, models.ManyToManyField) and field.remote_field.on_delete is not models.PROTECT:
        yield f"{place} needs on_delete=PROTECT"


def test_relations_of_all_models_follow_the_layers() -> None:
    own = [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in LAYERS]
    assert len(own) > 30
    assert list(violations(own)) == []


def test_layers_name_every_app_of_the_house() -> None:
    assert {config.label for config in apps.get_app_configs() if _is_own(config)} <= set(LAYERS)


def _is_own(config: AppConfig) -> bool:
    return "site-packages" not in config.path


@isolate_apps("stores", "orders", "members")
def test_relation_with_a_planted_violation_is_named() -> None:
    class Order(models.Model):  # noqa: DJ008
        class Meta:
            app_label = "orders"

    class Member(models.Model):  # noqa: DJ008
        favourite = models.ManyToManyField("orders.Order", related_name="+")

        class Meta:
            app_label = "members"

    class Store(models.Model):  # noqa: DJ008
        upward = models.ForeignKey("orders.Order", models.PROTECT, related_name="+")

        class Meta:
            app_label = "stores"

    class Line(models.Model):  # noqa: DJ008
        seen = models.ForeignKey("stores.Store", models.PROTECT)
        dropped = models.OneToOneField("stores.Store", models.CASCADE, related_name="+")
        kept = models.ForeignKey("stores.Store", models.PROTECT, related_name="+")
        own = models.ForeignKey("orders.Order", models.CASCADE, related_name="lines")

        class Meta:
            app_label = "orders"

    assert list(violations([Member, Store, Line])) == [
        "members.Member.favourite points up or sideways to orders",
        "stores.Store.upward points up or sideways to orders",
        'orders.Line.seen needs related_name="+"',
        "orders.Line.dropped needs on_delete=PROTECT",
    ]
