"""Accounts."""

from django.contrib.auth.hashers import make_password
from factory.declarations import LazyAttribute, LazyFunction, Sequence
from factory.django import DjangoModelFactory

from omni.accounts.models import User
from omni.kernel import sealing

PASSWORD = "a-test-password"


class UserFactory(DjangoModelFactory[User]):
    """A person who signs in with a user name and `PASSWORD`."""

    class Meta:
        model = User

    username = Sequence(lambda n: f"user{n}")
    password = LazyFunction(lambda: make_password(PASSWORD))


class ShopperUserFactory(UserFactory):
    """A person who signs in with a phone; `phone` is not stored in the clear."""

    class Params:
        phone = Sequence(lambda n: f"+86138{n:08d}")

    username = Sequence(lambda n: f"shopper{n}")
    password = LazyFunction(lambda: make_password(None))
    phone_sealed = LazyAttribute(lambda user: sealing.seal(user.phone))
    phone_index = LazyAttribute(lambda user: sealing.blind_index(user.phone))
