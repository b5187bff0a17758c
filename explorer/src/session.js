import { run } from "./endpoint.js";
import { exclusively, load, onChange, store } from "./vault.js";

// All windows of the explorer are one session, kept where scripts can read it: a refresh token works once, so the window
// that trades it in must hand the new one to the others. The page's policy admits no foreign script that could read it.
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
let session = await load();
let refused = null; // an access token that the server turned down before its time
let renewal = null;

onChange(adopt);

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
  await save(fromServer(result.session));
}

/** End the session here at once, and at the server. */
export async function signOut() {
  const bearer = await authorization();
  await save(null);
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
  const before = await load(); // another window may have been here first
  if (!before || isFresh(before)) return adopt(before);
  const { refreshSession: result } = await run(REFRESH, { input: { refreshToken: before.refreshToken } });
  const now = await load();
  if (now?.refreshToken !== before.refreshToken) return adopt(now); // signed out or in again meanwhile
  if (result.session) await save(fromServer(result.session));
  else if (result.code !== "RATE_LIMITED") await save(null);
}

const isFresh = ({ accessToken, renewAt }) => accessToken !== refused && Date.now() < renewAt;

function fromServer({ accessToken, refreshToken, expiresIn, viewer }) {
  return { ...viewer, accessToken, refreshToken, renewAt: Date.now() + expiresIn * 1000 * RENEWAL };
}

async function save(next) {
  await store(next);
  adopt(next);
}

function adopt(next) {
  session = next;
  listeners.forEach((listener) => listener());
}
