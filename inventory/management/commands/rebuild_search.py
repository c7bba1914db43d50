from django.core.management.base import BaseCommand

from inventory import services
from omni.kernel import clock
from omni.kernel.transactions import entry


class Command(BaseCommand):
    help = "Read every product anew for the search: after the rules of its words have changed."

    def handle(self, *_args: object, **_options: object) -> None:
        """Forget what was read, then read it in chunks; the shop finds products meanwhile as before."""
        with entry():
            services.forget_segments()
        total = 0
        while True:
            with entry():
                done = services.refresh_listings(now=clock.now())
            if not done:
                break
            total += done
        self.stdout.write(f"{total} products can be found.")
