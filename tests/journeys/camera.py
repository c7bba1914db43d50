"""Cameras that show pictures: real codes for a real decoder, without a real camera."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import qrcode
from barcode.codex import Code128
from barcode.ean import EuropeanArticleNumber13
from PIL import Image

from tests.journeys.devices import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

MODULE, HEIGHT, QUIET = 4, 160, 48
FRAME = (1280, 720)

# In place of the device's camera: a canvas on which the picture `window.shown` is drawn, ten times a second. What the
# device can do is `window.cameras` and `window.hasTorch`; what was asked of it is `window.asked` and `window.torch`.
CAMERA = """
window.shown = null;
window.cameras = [{ deviceId: "back", label: "Back" }];
window.hasTorch = false;
window.asked = [];
// How often somebody has looked whether the camera shows something.
window.looks = 0;
const state = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "readyState");
Object.defineProperty(HTMLVideoElement.prototype, "readyState", {
    configurable: true,
    get() {
        window.looks += 1;
        return state.get.call(this);
    },
});
navigator.mediaDevices.enumerateDevices = async () =>
    window.cameras.map((one) => ({ kind: "videoinput", groupId: "", ...one }));
navigator.mediaDevices.getUserMedia = async ({ video }) => {
    window.asked.push(video.deviceId?.ideal ?? video.facingMode?.ideal);
    const isGone = window.refusal && !(window.refusedCamera && window.refusedCamera !== video.deviceId?.ideal);
    if (isGone) throw new DOMException("no", window.refusal);
    const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
    const pen = canvas.getContext("2d");
    setInterval(() => {
        pen.fillStyle = "#fff";
        pen.fillRect(0, 0, 1280, 720);
        if (window.shown) pen.drawImage(window.shown, 640 - window.shown.width / 2, 360 - window.shown.height / 2);
    }, 100);
    const stream = canvas.captureStream(10);
    const [track] = stream.getVideoTracks();
    track.getSettings = () => ({ deviceId: video.deviceId?.ideal ?? "back" });
    track.getCapabilities = () => (window.hasTorch ? { torch: true } : {});
    track.applyConstraints = async ({ advanced }) => {
        if (window.torchIsBroken) throw new DOMException("no", "OverconstrainedError");
        window.torch = advanced[0].torch;
    };
    return stream;
};
"""
SHOW = """async (address) => {
    const picture = new Image();
    await new Promise((resolve, reject) => {
        picture.addEventListener("load", resolve);
        picture.addEventListener("error", reject);
        picture.src = address;
    });
    window.shown = picture;
}"""


def give_camera(page: Page) -> None:
    """Let the page's camera be ours, from its next load on."""
    page.add_init_script(CAMERA)


def show(page: Page, picture: Image.Image) -> None:
    """Hold a picture before the camera."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    page.evaluate(SHOW, f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}")


def hide(page: Page) -> None:
    """Take away what is held before the camera."""
    page.evaluate("() => { window.shown = null; }")


def look(page: Page, times: int) -> None:
    """Wait until the page has looked so many times more through its camera."""
    seen = page.evaluate("() => window.looks")
    wait_until(page, lambda: page.evaluate("() => window.looks") >= seen + times)


def qr_code(text: str) -> Image.Image:
    """Draw a QR code."""
    code = qrcode.QRCode(box_size=8)
    code.add_data(text)
    return code.make_image().get_image().convert("RGB")


def ean_13(digits: str) -> Image.Image:
    """Draw the bars of thirteen digits."""
    return _bars(EuropeanArticleNumber13(digits).build()[0])


def code_128(text: str) -> Image.Image:
    """Draw a text as a parcel's label has it."""
    return _bars(Code128(text).build()[0])


def _bars(modules: str) -> Image.Image:
    """Draw a bar for each 1."""
    picture = Image.new("RGB", (len(modules) * MODULE + 2 * QUIET, HEIGHT + 2 * QUIET), "white")
    for place, module in enumerate(modules):
        if module == "1":
            x = QUIET + place * MODULE
            picture.paste("black", (x, QUIET, x + MODULE, QUIET + HEIGHT))
    return picture


def film(pictures: list[Image.Image], path: Path) -> Path:
    """Write a film for Chromium's own pretended camera, which plays it in a loop: a picture a second, in grey."""
    width, height = FRAME
    grey = bytes([128]) * (width * height // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F1:1 Ip A1:1 C420jpeg\n".encode())
        for picture in pictures:
            frame = Image.new("L", FRAME, 255)
            frame.paste(picture.convert("L"), ((width - picture.width) // 2, (height - picture.height) // 2))
            file.write(b"FRAME\n" + frame.tobytes() + grey)
    return path
