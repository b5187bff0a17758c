import { run } from "./endpoint.js";

// localStorage, because all windows of the explorer are one session: a refresh token works once, so the window that
// trades it in must hand the new one to the others. The page's policy admits no foreign script that could read it.
const KEY = "starling.session";
const RENEWAL = 0.9; // of a token's life has passed when it is renewed

const SESSION = "session { accessToken refreshToken expiresIn viewer { handle name } }";
const SIGN_IN = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) { ... on SignInSuccess { ${SESSION} } ... on Error { code message } }
}`;
const REFRESH = `mutation RefreshSession($input: RefreshSessionInput!) {
  refreshSession(input: $input) { ... on RefreshSessionSuccess { ${SESSION} } ... on Error { code message } }
}`;
const SIGN_OUT = "mutation SignOut { signOut { __typename } }";

const listeners = new Set();
let session = read();
let refused = null; // an access token that the server turned down before its time
let renewal = null;

addEventListener("storage", (event) => {
  if (event.key === KEY || event.key === null) adopt(read());
});

/** Call `listener` whenever the session changes, in this window or another. Returns how to stop. */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Who is signed in: { handle, name, accessToken, refreshToken, renewAt }, or null. */
export const currentSession = () => session;

/** Start a session. Throws an Error with the server's sentence when it refuses. */
export async function signIn(login, password) {
  const { signIn: result } = await run(SIGN_IN, { input: { login, password } });
  if (!result.session) throw new Error(result.message);
  save(fromServer(result.session));
}

/** End the session here at once, and at the server. */
export async function signOut() {
  const bearer = await authorization();
  save(null);
  if (bearer) await run(SIGN_OUT, {}, bearer);
}

/** The `Authorization` header's value, renewed when it is about to expire; null when signed out. */
export async function authorization() {
  if (session && !isFresh(session)) await renew();
  return session && `Bearer ${session.accessToken}`;
}

/** The server refused this session's access token: the next use renews it first. */
export function distrust() {
  refused = session?.accessToken ?? null;
}

function renew() {
  renewal ??= exclusively(tradeRefreshToken).finally(() => {
    renewal = null;
  });
  return renewal;
}

async function tradeRefreshToken() {
  const before = read(); // another window may have been here first
  if (!before || isFresh(before)) return adopt(before);
  const { refreshSession: result } = await run(REFRESH, { input: { refreshToken: before.refreshToken } });
  if (read()?.refreshToken !== before.refreshToken) return adopt(read()); // signed out or in again meanwhile
  if (result.session) save(fromServer(result.session));
  else if (result.code !== "RATE_LIMITED") save(null);
}

/** One window at a time; browsers offer no locks to pages on plain http, other than on this machine itself. */
function exclusively(work) {
  return navigator.locks ? navigator.locks.request(KEY, work) : work();
}

const isFresh = ({ accessToken, renewAt }) => accessToken !== refused && Date.now() < renewAt;

function fromServer({ accessToken, refreshToken, expiresIn, viewer }) {
  return { ...viewer, accessToken, refreshToken, renewAt: Date.now() + expiresIn * 1000 * RENEWAL };
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function save(next) {
  if (next) localStorage.setItem(KEY, JSON.stringify(next));
  else localStorage.removeItem(KEY);
  adopt(next);
}

function adopt(next) {
  session = next;
  listeners.forEach((listener) => listener());
}
