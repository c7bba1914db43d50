"""The desk's pages of members: whom one cares for, what is planned today, and one member at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from members import choices as members_choices
from members import queries as members_queries
from members import services as members_services
from omni.kernel import clock
from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.touches import at_desk, once, told
from omni.kernel.transactions import entry
from omni.pages import care
from omni.pages.forms import FollowUpForm, NoteForm, RevealForm
from omni.pages.views.desk import desk_actor
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from django import forms

    from members.models import Member
    from stores.models import Store
    from stores.permissions import Actor


@require_GET
@at_desk
def list_members(request: HttpRequest, store_id: int) -> HttpResponse:
    """Find a member by code, number or phone; show today's follow-ups and whom one cares for."""
    actor = desk_actor(request)
    store = stores_queries.get_desk_store(actor, store_id)
    text = request.GET.get("q", "").strip()[:40]
    now = clock.now()
    found = members_queries.find_member_here(store.brand_id, text, now=now) if text.isprintable() and text else None
    if found is not None:
        return redirect("pages:desk-member", store.pk, found.number)
    staff_id = _staff(actor, store)
    is_manager = store.pk in actor.store_ids(stores_choices.Role.MANAGER)
    people = [key for key, _name in stores_queries.staff_of_store(store.pk)] if is_manager else [staff_id]
    context = {
        "store": store,
        "text": text,
        "is_manager": is_manager,
        "members": members_queries.members_of_guide(staff_id),
        "follow_ups": members_queries.open_follow_ups(people, today=clock.business_date(now)),
    }
    return render(request, "desk/member_list.html", context)


@require_GET
@at_desk
def show_member(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Show a member of the store's brand."""
    return _show(request, store_id, number)


@require_POST
@at_desk
@once
def bind_guide(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Take a member into one's care, or end that; a manager may take them from somebody else."""
    actor, store, member = _found(request, store_id, number)
    may_take_over = store.pk in actor.store_ids(stores_choices.Role.MANAGER)
    is_mine = member.guide_id == _staff(actor, store)
    guide_id = None if request.POST.get("guide") == "none" else _staff(actor, store)
    with told(request, _("Changed.")), entry():
        members_services.bind_guide(
            member.pk, guide_id, may_take_over=may_take_over or is_mine, actor=actor.label, now=clock.now()
        )
    return redirect("pages:desk-member", store.pk, number)


@require_POST
@at_desk
@once
def add_note(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Keep a note on a member."""
    actor, store, member = _found(request, store_id, number)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _show(request, store_id, number, note_form=form)
    with told(request, _("Noted.")), entry():
        members_services.add_note(member.pk, _staff(actor, store), form.cleaned_data["text"], now=clock.now())
    return redirect("pages:desk-member", store.pk, number)


@require_POST
@at_desk
@once
def add_follow_up(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Plan something for a member."""
    actor, store, member = _found(request, store_id, number)
    form = FollowUpForm(request.POST)
    if form.is_valid():
        try:
            with entry():
                members_services.add_follow_up(member.pk, _staff(actor, store), **form.cleaned_data, now=clock.now())
        except InvalidInput as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, _("Planned."))
            return redirect("pages:desk-member", store.pk, number)
    return _show(request, store_id, number, follow_up_form=form)


@require_POST
@at_desk
@once
def finish_follow_up(request: HttpRequest, store_id: int, number: str, follow_up_id: int) -> HttpResponse:
    """Write that a follow-up was done; lead back to where it was ticked."""
    _actor, store, member = _found(request, store_id, number)
    with told(request, _("Done.")), entry():
        members_services.finish_follow_up(follow_up_id, member.pk, now=clock.now())
    if request.POST.get("from") == "list":
        return redirect("pages:desk-members", store.pk)
    return redirect("pages:desk-member", store.pk, number)


@require_POST
@at_desk
def reveal_phone(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Show the whole phone number once, for a reason that is logged."""
    actor, store, member = _found(request, store_id, number)
    form = RevealForm(request.POST)
    if not form.is_valid():
        return _show(request, store_id, number, reveal_form=form)
    with entry():
        phone = members_services.reveal_phone(
            member.pk, _staff(actor, store), form.cleaned_data["reason"], now=clock.now()
        )
    response = _show(request, store_id, number, phone=phone)
    response["X-Desk-Keep"] = "no"
    return response


@require_POST
@at_desk
@once
def change_consent(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Write what the member has agreed to in the store."""
    _actor, store, member = _found(request, store_id, number)
    given = {topic.name for topic in members_queries.topics_of_member(member.pk)} & request.POST.keys()
    with told(request, _("Saved.")), entry():
        members_services.record_consent(member.pk, given, source=members_choices.ConsentSource.STORE, now=clock.now())
    return redirect("pages:desk-member", store.pk, number)


def _found(request: HttpRequest, store_id: int, number: str) -> tuple[Actor, Store, Member]:
    """Return who stands at the desk, of which store, and a member of its brand.

    :raises NotFound: it is not one's store, or not its brand's member.
    """
    actor = desk_actor(request)
    store = stores_queries.get_desk_store(actor, store_id)
    return actor, store, members_queries.get_member_here(store.brand_id, number)


def _staff(actor: Actor, store: Store) -> int:
    """Return as whom the actor works in the store.

    :raises NotFound: they do not.
    """
    staff_id = actor.staff_id_in(store.pk)
    if staff_id is None:
        raise NotFound
    return staff_id


def _show(request: HttpRequest, store_id: int, number: str, **forms_and_phone: forms.Form | str) -> HttpResponse:
    """Render a member's page; with a form that was refused, 422."""
    actor, store, member = _found(request, store_id, number)
    staff_id = _staff(actor, store)
    now = clock.now()
    context: dict[str, Any] = {
        "store": store,
        "page": care.read(member, brand_code=store.brand.code, now=now),
        "is_mine": member.guide_id == staff_id,
        "may_bind": member.guide_id in {None, staff_id} or store.pk in actor.store_ids(stores_choices.Role.MANAGER),
        "note_form": NoteForm(),
        "follow_up_form": FollowUpForm(initial={"due_on": clock.business_date(now)}),
        "reveal_form": RevealForm(),
        **forms_and_phone,
    }
    refused = any(getattr(value, "errors", None) for value in forms_and_phone.values())
    return render(request, "desk/member_show.html", context, status=422 if refused else 200)
