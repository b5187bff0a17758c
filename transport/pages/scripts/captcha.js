// Solves ALTCHA's proof of work while the form is filled in: a counter whose key begins as the challenge asks.
// Browsers derive keys beside the page's own thread, so nothing stutters meanwhile.

const told = document.querySelector("[data-captcha]");
const form = told.closest("form");
const challenge = JSON.parse(told.dataset.captcha);

const ofHex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
const toHex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function solve({ nonce, salt, cost, keyLength, keyPrefix }) {
  const how = { name: "PBKDF2", hash: "SHA-256", salt: ofHex(salt), iterations: cost };
  const password = new Uint8Array([...ofHex(nonce), 0, 0, 0, 0]);
  for (let counter = 0; ; counter++) {
    new DataView(password.buffer).setUint32(password.length - 4, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const derivedKey = toHex(await crypto.subtle.deriveBits(how, key, 8 * keyLength));
    if (derivedKey.startsWith(keyPrefix)) return { counter, derivedKey };
  }
}

if (globalThis.crypto?.subtle) {
  told.textContent = "Your browser shows that it is no machine…";
  const solved = solve(challenge.parameters).then((solution) => {
    form.elements.captcha.value = btoa(JSON.stringify({ challenge, solution }));
    told.textContent = "Your browser has shown that it is no machine.";
  });
  form.addEventListener("submit", (event) => {
    if (form.elements.captcha.value) return;
    event.preventDefault();
    solved.then(() => form.requestSubmit());
  });
}
