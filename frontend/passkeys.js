// Passkeys: a form with data-passkey asks the device before it is sent. The server's question comes from the address
// in data-passkey; the answer goes into the field "credential". Elements with data-passkey-offer show only where it works.

const isPossible =
  window.isSecureContext && "credentials" in navigator && "PublicKeyCredential" in window && !/^[\d.]+$|:/.test(location.hostname);

function toBytes(text) {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function toText(buffer) {
  const text = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const withBytes = (list) => (list ?? []).map((item) => ({ ...item, id: toBytes(item.id) }));

function create(options) {
  const { challenge, user, excludeCredentials, ...rest } = options;
  return navigator.credentials.create({
    publicKey: {
      ...rest,
      challenge: toBytes(challenge),
      user: { ...user, id: toBytes(user.id) },
      excludeCredentials: withBytes(excludeCredentials),
    },
  });
}

function get(options) {
  const { challenge, allowCredentials, ...rest } = options;
  return navigator.credentials.get({
    publicKey: { ...rest, challenge: toBytes(challenge), allowCredentials: withBytes(allowCredentials) },
  });
}

function answerOf(credential) {
  const { response } = credential;
  const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const parts = names.filter((name) => response[name]).map((name) => [name, toText(response[name])]);
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { ...Object.fromEntries(parts), transports: response.getTransports?.() },
  });
}

async function ask(form) {
  const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
  const question = await fetch(form.dataset.passkey, { method: "POST", headers });
  if (!question.ok || question.redirected) {
    throw new Error(`${question.status}`);
  }
  const { publicKey } = await question.json();
  const credential = "user" in publicKey ? await create(publicKey) : await get(publicKey);
  form.elements.credential.value = answerOf(credential);
  form.submit();
}

function onSubmit(event) {
  const form = event.target;
  if (!form.dataset?.passkey) {
    return;
  }
  event.preventDefault();
  const problem = form.querySelector("[data-passkey-problem]");
  problem.hidden = true;
  ask(form).catch(() => {
    problem.hidden = false;
  });
}

document.addEventListener("submit", onSubmit);
for (const element of document.querySelectorAll("[data-passkey-offer]")) {
  element.hidden = !isPossible;
}
for (const element of document.querySelectorAll("[data-passkey-missing]")) {
  element.hidden = isPossible;
}
