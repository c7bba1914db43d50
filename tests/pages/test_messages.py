"""The Chinese of the product is complete, in step with the source, and compiled."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from django.utils import translation
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation.template import templatize

from omni.pages.management.commands import collect_messages

ROOT = Path(settings.BASE_DIR)
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|%[sd]|\{\w*\}")
CHINESE = re.compile("[一-鿿]")
# What a Chinese reader writes in Latin letters too.
SAME_IN_BOTH = {"API", "ERP", "SKU"}
EN_PUNCTUATION = re.compile(r"[一-鿿][,;!?.]|[一-鿿]:(?!\d)")

Key = tuple[str | None, str]


def messages_of(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def forms(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or ())


def key_of(message: Message) -> tuple[str | None, tuple[str, ...]]:
    return message.context, tuple(forms(message.id))


def catalog_of(*templates: str) -> Catalog:
    catalog = collect_messages.new_catalog()
    for template in templates:
        collect_messages.add_messages(catalog, templatize(template))
    return catalog


@pytest.fixture(scope="module")
def written() -> Catalog:
    return collect_messages.read_catalog(ROOT)


@pytest.fixture(scope="module")
def said() -> Catalog:
    return collect_messages.extract(ROOT)


def test_catalogue_holds_what_the_source_says_now(written: Catalog, said: Catalog) -> None:
    ours = {key_of(message) for message in messages_of(written)}
    theirs = {key_of(message) for message in messages_of(said)}
    assert (theirs - ours, ours - theirs) == (set(), set()), "run manage.py collect_messages"


def test_catalogue_has_chinese_for_every_message(written: Catalog) -> None:
    assert [message.id for message in collect_messages.untranslated(written)] == []
    assert [message.id for message in messages_of(written) if message.fuzzy] == []
    assert list(written.obsolete) == []


def test_translation_of_any_message_is_in_chinese(written: Catalog) -> None:
    translated = {(message.id, form) for message in messages_of(written) for form in forms(message.string)}
    assert {said for said, form in translated if not CHINESE.search(form)} == SAME_IN_BOTH


def test_translation_of_a_message_with_placeholders_keeps_them(written: Catalog) -> None:
    lost = [
        message.id
        for message in messages_of(written)
        for form in forms(message.string)
        if sorted(PLACEHOLDER.findall(form)) != sorted(PLACEHOLDER.findall(forms(message.id)[-1]))
    ]
    assert lost == []


def test_translation_of_a_sentence_has_chinese_punctuation(written: Catalog) -> None:
    assert [f for message in messages_of(written) for f in forms(message.string) if EN_PUNCTUATION.search(f)] == []


def test_shopper_is_addressed_politely_on_every_page_of_the_shop(written: Catalog) -> None:
    shown = catalog_of(*(path.read_text() for path in sorted((ROOT / "templates" / "shop").glob("*.html"))))
    texts = [
        form
        for message in messages_of(shown)
        if (known := written.get(message.id, message.context)) is not None
        for form in forms(known.string)
    ]
    assert [text for text in texts if "你" in text] == []
    assert any("您" in text for text in texts)


def test_compiled_catalogue_is_the_written_one(written: Catalog) -> None:
    _po, mo = collect_messages.paths(ROOT)
    assert mo.read_bytes() == collect_messages.compiled(written)


def test_message_is_chinese_where_the_reader_reads_chinese() -> None:
    with translation.override("zh-hans"):
        assert gettext("Corner Wardrobe") == "街角衣橱"
        assert ngettext("%(stores)s store", "%(stores)s stores", 3) == "%(stores)s 家门店"
        assert (gettext("account"), pgettext("ledger", "account")) == ("账号", "科目")
        assert (gettext("Courier"), pgettext("way", "Courier")) == ("配送", "同城配送")
    with translation.override("en"):
        assert gettext("Corner Wardrobe") == "Corner Wardrobe"
        assert pgettext("way", "Courier") == "Courier"


def test_extraction_finds_every_way_to_mark_a_message_in_a_template() -> None:
    catalog = catalog_of(
        '{% load i18n %}{% translate "Plain" %}{% translate "Sale" context "price" %}{{ _("Inline") }}',
        "{% blocktranslate trimmed with a=b %}\n  Two\n  lines {{ a }}\n{% endblocktranslate %}",
        "{% blocktranslate count n=m %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}",
    )
    assert {key_of(message) for message in messages_of(catalog)} == {
        (None, ("Plain",)),
        ("price", ("Sale",)),
        (None, ("Inline",)),
        (None, ("Two lines %(a)s",)),
        (None, ("%(n)s day", "%(n)s days")),
    }


def test_extraction_finds_every_way_to_mark_a_message_in_python() -> None:
    catalog = collect_messages.new_catalog()
    collect_messages.add_messages(
        catalog,
        '_("a"); gettext_lazy("b"); ngettext("c", "cs", 2); pgettext_lazy("x", "d"); npgettext("y", "e", "es", 2)',
    )
    assert {key_of(message) for message in messages_of(catalog)} == {
        (None, ("a",)),
        (None, ("b",)),
        (None, ("c", "cs")),
        ("x", ("d",)),
        ("y", ("e", "es")),
    }


def test_collecting_adds_what_is_new_drops_what_is_gone_and_keeps_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "templates" / "page.html"
    page.parent.mkdir()
    page.write_text('{% load i18n %}{% translate "Stays" %}{% translate "Goes" %}')
    with override_settings(BASE_DIR=tmp_path):
        call_command("collect_messages")
        po, mo = collect_messages.paths(tmp_path)
        po.write_text(po.read_text().replace('msgid "Stays"\nmsgstr ""', 'msgid "Stays"\nmsgstr "留下"'))
        page.write_text('{% load i18n %}{% translate "Stays" %}{% translate "New" context "here" %}')
        capsys.readouterr()
        call_command("collect_messages")
        kept = collect_messages.read_catalog(tmp_path)
        assert {(key_of(message), message.string) for message in messages_of(kept)} == {
            ((None, ("Stays",)), "留下"),
            (("here", ("New",)), ""),
        }
        assert mo.read_bytes() == collect_messages.compiled(kept)
        assert capsys.readouterr().out == "not translated: 'New' (here)\n2 messages, 1 not translated\n"
        before = po.read_bytes()
        with pytest.raises(SystemExit) as refused:
            call_command("collect_messages", check=True)
        assert (refused.value.code, po.read_bytes()) == (1, before)
