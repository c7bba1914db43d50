import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from omni.pages import story


class Command(BaseCommand):
    help = "Play one order from the basket to the credited sale against the running platform."

    def handle(self, *args: object, **options: object) -> None:
        """Play it, and fail with the step that did not lead on."""
        try:
            story.play(settings.PUBLIC_URL, self.stdout.write)
        except story.StoryBroken as error:
            raise CommandError(str(error)) from error
        except requests.RequestException as error:
            raise CommandError(f"{type(error).__name__}: {error}") from error
