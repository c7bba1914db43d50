// Reads QR codes, EAN-13 and Code 128 with the camera, in a dialog over the page.
import { BarcodeDetector, prepareZXingModule } from "barcode-detector/ponyfill";
import wasm from "zxing-wasm/reader/zxing_reader.wasm?url";

const FORMATS = ["qr_code", "ean_13", "code_128"];
const PAUSE_MS = 120;
// When a code counts as gone from the picture: a slow device sees little in a second, and misses a look.
const GONE_MS = 1000;
const GONE_LOOKS = 3;
const CHOSEN = "desk-camera";
// What the browser calls the reasons why there is no picture.
const REASONS = {
  NotAllowedError: "forbidden",
  SecurityError: "forbidden",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

prepareZXingModule({ overrides: { locateFile: (path, prefix) => (path.endsWith(".wasm") ? wasm : prefix + path) } });
const detector = new BarcodeDetector({ formats: FORMATS });

// Resolves with what was read, or with "" when the dialog was closed.
export function scan() {
  return open(null);
}

// Gives each code that is read to `send`, until the dialog is closed or `send` says that it was the last.
export function scanMany(send) {
  return open(send);
}

function open(send) {
  const dialog = document.getElementById("scan-dialog").content.firstElementChild.cloneNode(true);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    const session = new Session(dialog, send, resolve);
    dialog.addEventListener("close", () => session.end(""));
    void session.begin();
  });
}

class Session {
  constructor(dialog, send, resolve) {
    this.dialog = dialog;
    this.send = send;
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
    this.again = dialog.querySelector(".scan-again");
    this.again.addEventListener("click", () => this.held.clear());
    this.again.hidden = !send;
    if (send) {
      const close = dialog.querySelector(".scan-close");
      close.textContent = close.dataset.many;
    }
    this.held = new Map();
    this.isSending = false;
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
      const text = this.fresh(found.map((code) => code.rawValue.trim()).filter(Boolean));
      if (text && !this.isOver && !this.isSending) {
        if (!this.send) {
          this.tell(text);
          return;
        }
        void this.pass(text);
      }
      await new Promise((resolve) => window.setTimeout(resolve, PAUSE_MS));
    }
  }

  // Returns what of the picture is to be read. What was read is not, until it has left the picture; and as long as it
  // is there, nothing beside it: a label may carry one piece's code twice, as a QR code and as bars.
  fresh(texts) {
    const now = performance.now();
    for (const [text, seen] of this.held) {
      if (texts.includes(text)) {
        Object.assign(seen, { at: now, misses: 0 });
      } else {
        seen.misses += 1;
        if (seen.misses >= GONE_LOOKS && now - seen.at >= GONE_MS) {
          this.held.delete(text);
        }
      }
    }
    this.again.setAttribute("aria-disabled", String(this.held.size === 0));
    const isBeside = [...this.held.values()].some((seen) => seen.misses < GONE_LOOKS);
    return isBeside ? undefined : texts.find((text) => !this.held.has(text));
  }

  // Says that a code was read: to the eye, the ear and the hand.
  tell(text) {
    this.note(text);
    window.setTimeout(() => this.end(text), 250);
  }

  note(text) {
    this.said.textContent = `${this.said.dataset.read} ${text}`;
    this.dialog.classList.remove("is-done", "is-refused", "is-kept", "is-unsent");
    this.dialog.classList.add("is-read");
    navigator.vibrate?.(60);
    beep(1320);
  }

  // Sends a code on, and says what became of it.
  async pass(text) {
    this.isSending = true;
    this.held.set(text, { at: performance.now(), misses: 0 });
    this.note(text);
    const { state, words, sum, isLast } = await this.send(text);
    this.isSending = false;
    if (isLast) {
      this.end("");
      return;
    }
    const heading = Object.assign(document.createElement("b"), { textContent: this.said.dataset[state] ?? "" });
    const about = state === "done" ? words : [text, words].filter(Boolean).join(" · ");
    this.said.replaceChildren(heading, ` ${about} `, Object.assign(document.createElement("span"), { textContent: sum }));
    this.dialog.classList.remove("is-read");
    this.dialog.classList.add(`is-${state}`);
    if (state === "refused" || state === "unsent") {
      navigator.vibrate?.([60, 60, 60, 60, 60]);
      beep(330);
    }
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

function beep(hertz) {
  const Context = window.AudioContext;
  if (!Context) {
    return;
  }
  const context = new Context();
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = hertz;
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
