"""A camera that shows one picture: real codes for a real decoder, without a real camera."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import qrcode
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page

# The seven modules of each digit on the left (odd parity, even parity) and on the right; and which of the first six
# digits have even parity, which spells the thirteenth.
LEFT_ODD = [
    "0001101",
    "0011001",
    "0010011",
    "0111101",
    "0100011",
    "0110001",
    "0101111",
    "0111011",
    "0110111",
    "0001011",
]
PARITIES = ["000000", "001011", "001101", "001110", "010011", "011001", "011100", "010101", "010110", "011010"]
MODULE, HEIGHT, QUIET = 4, 160, 48

# In place of the device's camera: a canvas on which the picture `window.shown` is drawn, ten times a second.
CAMERA = """
window.shown = null;
navigator.mediaDevices.getUserMedia = async () => {
    if (window.refusal) throw new DOMException("no", window.refusal);
    const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
    const pen = canvas.getContext("2d");
    setInterval(() => {
        pen.fillStyle = "#fff";
        pen.fillRect(0, 0, 1280, 720);
        if (window.shown) pen.drawImage(window.shown, 640 - window.shown.width / 2, 360 - window.shown.height / 2);
    }, 100);
    return canvas.captureStream(10);
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


def qr_code(text: str) -> Image.Image:
    """Draw a QR code."""
    code = qrcode.QRCode(box_size=8)
    code.add_data(text)
    return code.make_image().get_image().convert("RGB")


def ean_13(digits: str) -> Image.Image:
    """Draw the bars of thirteen digits."""
    parity = PARITIES[int(digits[0])]
    left = "".join(_left(int(digit), even=flag == "1") for digit, flag in zip(digits[1:7], parity, strict=True))
    right = "".join(_inverted(LEFT_ODD[int(digit)]) for digit in digits[7:])
    modules = f"101{left}01010{right}101"
    picture = Image.new("RGB", (len(modules) * MODULE + 2 * QUIET, HEIGHT + 2 * QUIET), "white")
    for place, module in enumerate(modules):
        if module == "1":
            x = QUIET + place * MODULE
            picture.paste("black", (x, QUIET, x + MODULE, QUIET + HEIGHT))
    return picture


def _left(digit: int, *, even: bool) -> str:
    """Return a digit of the left half; even parity is the right half's code read backwards."""
    return _inverted(LEFT_ODD[digit])[::-1] if even else LEFT_ODD[digit]


def _inverted(modules: str) -> str:
    """Swap bars and spaces."""
    return modules.translate(str.maketrans("01", "10"))
