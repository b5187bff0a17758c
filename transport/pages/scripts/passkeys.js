// Passkeys in our pages. A form with `data-passkey` is shown where the browser can do it: it asks for options, has the
// browser make or use a passkey by them, and is sent with what came of that.

const RENEWED = 4 * 60_000; // milliseconds; what is asked may be answered within five minutes
const SAID = {
  NotAllowedError: "No passkey was used: try again, or do without.",
  InvalidStateError: "There is a passkey of this device already.",
};
const parsed = {
  create: (options) => PublicKeyCredential.parseCreationOptionsFromJSON(options),
  get: (options) => PublicKeyCredential.parseRequestOptionsFromJSON(options),
};
const isAddress = /^[\d.]+$|^\[/.test(location.hostname); // for which browsers know no passkeys
const isAble = !isAddress && globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON;
const offer = new AbortController();

async function optionsFor(form) {
  const answer = await fetch(form.dataset.options, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (answer.redirected) location.assign(answer.url); // signed out meanwhile
  const said = await answer.json().catch(() => ({ message: "Wait a moment, and load this page again." }));
  if (!answer.ok) throw new Error(said.message);
  return parsed[form.dataset.passkey](said);
}

async function send(form, more) {
  const credential = await navigator.credentials[form.dataset.passkey]({ publicKey: await optionsFor(form), ...more });
  form.elements.credential.value = JSON.stringify(credential);
  form.submit();
}

async function press(event) {
  event.preventDefault();
  offer.abort();
  const form = event.currentTarget;
  const problem = form.querySelector("[role=alert]");
  problem.textContent = "";
  await send(form).catch((error) => (problem.textContent = SAID[error.name] ?? error.message));
}

/** Have the browser offer passkeys where the name is typed, for as long as the page is open. */
async function offerAt(form) {
  let late;
  do {
    late = AbortSignal.timeout(RENEWED);
    const more = { mediation: "conditional", signal: AbortSignal.any([offer.signal, late]) };
    await send(form, more).catch(() => {}); // nobody has asked for it
  } while (late.aborted && !offer.signal.aborted);
}

for (const form of isAble ? document.querySelectorAll("form[data-passkey]") : []) {
  form.hidden = false;
  form.addEventListener("submit", press);
  if (form.dataset.passkey === "get" && (await PublicKeyCredential.isConditionalMediationAvailable?.())) offerAt(form);
}
