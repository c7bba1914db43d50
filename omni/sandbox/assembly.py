"""Puts the parts together."""

from omni.sandbox.callbacks import Callbacks
from omni.sandbox.clock import Clock
from omni.sandbox.config import Config
from omni.sandbox.control import Control
from omni.sandbox.courier.gateway import Courier
from omni.sandbox.credentials import load_credentials
from omni.sandbox.database import Database
from omni.sandbox.express.gateway import Express
from omni.sandbox.faults import Faults
from omni.sandbox.inbox import Inbox
from omni.sandbox.invoices import Invoices
from omni.sandbox.journal import Journal
from omni.sandbox.pages import Pages
from omni.sandbox.scheduler import Scheduler
from omni.sandbox.wallet import Wallet
from omni.sandbox.web import Application, Request, Response, Router, json_response
from omni.sandbox.wechat.gateway import WechatPay
from omni.sandbox.wechat_login import WechatLogin
from omni.sandbox.world import World


class Sandbox:
    """The whole process but its socket."""

    def __init__(self, config: Config, base_url: str) -> None:
        self._database = Database(config.state / "sandbox.sqlite3")
        clock = Clock(self._database, config.time_scale)
        journal = Journal(self._database, clock)
        self._callbacks = Callbacks(self._database, clock, journal)
        world = World(
            config=config,
            credentials=load_credentials(config.state, base_url),
            database=self._database,
            clock=clock,
            faults=Faults(self._database),
            journal=journal,
            callbacks=self._callbacks,
        )
        wechat, courier, express, inbox = WechatPay(world), Courier(world), Express(world), Inbox(world)
        control = Control(world, wechat, courier, express)
        router = Router()
        for part in (
            wechat, courier, express, inbox, Invoices(world), control, Wallet(world, wechat), WechatLogin(world),
            Pages(world, wechat=wechat, courier=courier, express=express, inbox=inbox, control=control),
        ):  # fmt: skip
            part.add_routes(router)
        router.add("GET", "/healthz", _health)
        self.application = Application(router)
        self._scheduler = Scheduler(
            (courier.walk.walk_due, express.walk.walk_due, wechat.finish_due, self._callbacks.dispatch)
        )

    def start(self) -> None:
        """Let time pass."""
        self._scheduler.start()

    def stop(self) -> None:
        """Let everybody go, and close the file."""
        self.application.stopping.set()
        self._scheduler.stop()
        self._callbacks.stop()
        self._database.close()


def _health(_request: Request) -> Response:
    return json_response({"status": "ok"})
