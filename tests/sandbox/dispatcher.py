"""The merchant's side of the courier's contract."""

from typing import Any

import requests

from tests.sandbox.fixture import SandboxProcess

# 人民广场, and a flat in 静安, Shanghai.
STORE: dict[str, Any] = {"name": "人民广场店", "lat": 31.230416, "lng": 121.473701}
FLAT: dict[str, Any] = {"name": "王女士", "lat": 31.223, "lng": 121.445}
CODE = "314159"


class Dispatcher:
    """Calls the courier with the key."""

    def __init__(self, sandbox: SandboxProcess, callback_url: str) -> None:
        keys = sandbox.credentials["courier"]
        self.callback_url = callback_url
        self._base_url = keys["base_url"]
        self._headers = {"Authorization": f"Bearer {keys['api_key']}"}

    def call(
        self, method: str, path: str, body: object = None, *, key: str = "", timeout: float = 10
    ) -> requests.Response:
        """Call one URL of the contract, with an idempotency key or without."""
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        return requests.request(method, f"{self._base_url}{path}", json=body, headers=headers, timeout=timeout)

    def create(self, external_id: str = "FO-1", **changes: object) -> dict[str, Any]:
        """Create a delivery, and return it."""
        answer = self.call("POST", "/v1/deliveries", self.order(external_id, **changes))
        assert answer.status_code == 201, answer.text
        delivery: dict[str, Any] = answer.json()
        return delivery

    def order(self, external_id: str = "FO-1", **changes: object) -> dict[str, Any]:
        """Return the body that creates a delivery."""
        body = {
            "external_id": external_id,
            "callback_url": self.callback_url,
            "pickup_code": CODE,
            "from": STORE,
            "to": FLAT,
        }
        return body | changes

    def get(self, delivery_id: str) -> dict[str, Any]:
        """Return a delivery as it stands."""
        answer = self.call("GET", f"/v1/deliveries/{delivery_id}")
        assert answer.status_code == 200, answer.text
        delivery: dict[str, Any] = answer.json()
        return delivery

    def act(self, delivery_id: str, act: str, body: object = None, *, key: str = "") -> tuple[int, dict[str, Any]]:
        """Post to one delivery; return the status and the body."""
        answer = self.call("POST", f"/v1/deliveries/{delivery_id}/{act}", body or {}, key=key)
        return answer.status_code, answer.json()

    def pick_up(self, delivery_id: str, code: str = CODE) -> tuple[int, dict[str, Any]]:
        """Hand the goods over for the code."""
        return self.act(delivery_id, "pickup", {"code": code})
