import { httpUrl, read, run } from "./endpoint.js";

// The session is a cookie that no script can read: all windows share it, and tell each other when it has changed.
const URL_OF_SESSION = new URL("session", httpUrl);
const channel = new BroadcastChannel("starling.session");
const listeners = new Set();

let person = await whoever().catch(() => null);

channel.onmessage = refresh;

/** Call `listener` whenever somebody signs in or out, in this window or another. Returns how to stop. */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Who is signed in: { handle, name }, or null. */
export const currentPerson = () => person;

/**
 * Sign in by `{ login, password }`, and where that gives a challenge, by `{ challenge, code }`. Throws an Error with the
 * server's sentence when it refuses.
 */
export const signIn = (sent) => change("POST", sent);

/** Sign out. */
export const signOut = () => change("DELETE");

/** Ask the server who is signed in. */
export async function refresh() {
  person = await whoever().catch(() => person);
  listeners.forEach((listener) => listener());
}

async function whoever() {
  return (await run("query Who { viewer { handle name } }")).viewer;
}

async function change(method, body) {
  const headers = body && { "content-type": "application/json" };
  const response = await read(URL_OF_SESSION, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) {
    const { message, challenge } = await response.json();
    if (challenge) return challenge;
    throw new Error(message);
  }
  channel.postMessage("changed");
  await refresh();
}
