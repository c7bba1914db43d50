// Reads QR codes, EAN-13 and Code 128 with the camera, in a dialog over the page.
import { BarcodeDetector, prepareZXingModule } from "barcode-detector/ponyfill";
import wasm from "zxing-wasm/reader/zxing_reader.wasm?url";

const FORMATS = ["qr_code", "ean_13", "code_128"];
const PAUSE_MS = 120;
const CHOSEN = "desk-camera";
// What the browser calls the reasons why there is no picture.
const REASONS = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

prepareZXingModule({ overrides: { locateFile: (path, prefix) => (path.endsWith(".wasm") ? wasm : prefix + path) } });
const detector = new BarcodeDetector({ formats: FORMATS });

// Resolves with what was read, or with "" when the dialog was closed.
export function scan() {
  const dialog = document.getElementById("scan-dialog").content.firstElementChild.cloneNode(true);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    const session = new Session(dialog, resolve);
    dialog.addEventListener("close", () => session.end(""));
    void session.begin();
  });
}

class Session {
  constructor(dialog, resolve) {
    this.dialog = dialog;
    this.resolve = resolve;
    this.video = dialog.querySelector("video");
    this.said = dialog.querySelector(".scan-said");
    this.cameras = dialog.querySelector(".scan-cameras");
    this.torch = dialog.querySelector(".scan-torch");
    this.cameras.querySelector("select").addEventListener("change", ({ target }) => {
      remember(target.value);
      void this.show(target.value);
    });
    this.torch.addEventListener("click", () => void this.light());
    this.isOver = false;
  }

  async begin() {
    this.say("wait");
    if (!window.isSecureContext || !navigator.mediaDevices) {
      this.say(window.isSecureContext ? "missing" : "insecure");
      return;
    }
    await this.show(remembered());
    await this.listCameras();
    await this.look();
  }

  // Shows what a camera sees: the one that was chosen last, or the one at the back.
  async show(camera) {
    this.stop();
    const wish = camera ? { deviceId: { ideal: camera } } : { facingMode: { ideal: "environment" } };
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        video: { ...wish, width: { ideal: 1280 }, height: { ideal: 720 } },
        audio: false,
      });
    } catch (error) {
      this.torch.hidden = true;
      this.say(REASONS[error.name] ?? "missing");
      return;
    }
    if (this.isOver) {
      this.stop();
      return;
    }
    this.video.srcObject = this.stream;
    await this.video.play().catch(() => undefined);
    const track = this.stream.getVideoTracks()[0];
    this.torch.hidden = !track.getCapabilities?.().torch;
    this.torch.setAttribute("aria-pressed", "false");
    track.addEventListener("ended", () => this.say("busy"));
    this.say("look");
  }

  async listCameras() {
    const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    const cameras = devices.filter((device) => device.kind === "videoinput" && device.deviceId);
    const current = this.stream?.getVideoTracks()[0]?.getSettings().deviceId;
    const select = this.cameras.querySelector("select");
    select.replaceChildren(
      ...cameras.map((device, index) => {
        const label = device.label || String(index + 1);
        return new Option(label, device.deviceId, false, device.deviceId === current);
      }),
    );
    this.cameras.hidden = cameras.length < 2;
  }

  async light() {
    const isOn = this.torch.getAttribute("aria-pressed") !== "true";
    const track = this.stream?.getVideoTracks()[0];
    const done = await track?.applyConstraints({ advanced: [{ torch: isOn }] }).then(
      () => true,
      () => false,
    );
    if (done) {
      this.torch.setAttribute("aria-pressed", String(isOn));
    }
  }

  async look() {
    while (!this.isOver) {
      let found = [];
      if (this.stream && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
        try {
          found = await detector.detect(this.video);
        } catch (error) {
          this.say("broken");
          console.error(error);
          return;
        }
      }
      const text = found.map((code) => code.rawValue.trim()).find(Boolean);
      if (text && !this.isOver) {
        this.tell(text);
        return;
      }
      await new Promise((resolve) => window.setTimeout(resolve, PAUSE_MS));
    }
  }

  // Says that a code was read: to the eye, the ear and the hand.
  tell(text) {
    this.said.textContent = `${this.said.dataset.read} ${text}`;
    this.dialog.classList.add("is-read");
    navigator.vibrate?.(60);
    beep();
    window.setTimeout(() => this.end(text), 250);
  }

  say(word) {
    this.said.textContent = this.said.dataset[word];
    this.dialog.classList.toggle("is-looking", word === "look");
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) {
      track.stop();
    }
    this.stream = undefined;
  }

  end(text) {
    if (this.isOver) {
      return;
    }
    this.isOver = true;
    this.stop();
    this.resolve(text);
    this.dialog.close();
    this.dialog.remove();
  }
}

function beep() {
  const Context = window.AudioContext;
  if (!Context) {
    return;
  }
  const context = new Context();
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = 1320;
  volume.gain.value = 0.08;
  tone.connect(volume).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + 0.09);
  tone.addEventListener("ended", () => void context.close());
}

function remembered() {
  try {
    return window.localStorage.getItem(CHOSEN) ?? "";
  } catch {
    return "";
  }
}

function remember(camera) {
  try {
    window.localStorage.setItem(CHOSEN, camera);
  } catch {
    // Not kept: the camera at the back is asked for again.
  }
}
