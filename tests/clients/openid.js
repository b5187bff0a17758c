// node openid.js http://localhost:8000
// What openid-client confirms of the provider, from registration to revocation. Prints what each step has shown.
import * as client from "openid-client";

import { Browser } from "./browser.js";
import { ask } from "./people.js";

const [server] = process.argv.slice(2);
const CALLBACK = "http://127.0.0.1:9/callback";
const SCOPE = "openid profile offline_access profile:read posts:read";
const insecure = { execute: [client.allowInsecureRequests] };
const told = {};

const browser = new Browser();
const signIn = await browser.open(`${server}/sign-in`);
await browser.send(signIn, "Sign in", { login: "ada", password: "starling" });

// Has somebody agree in the browser; gives where it sent them back to.
async function agreed(url) {
  const consent = await browser.open(url.href);
  const { url: back } = consent.html === undefined ? consent : await browser.send(consent, "Allow");
  return new URL(back);
}

// The tokens that somebody's consent leads to; bound to a key, what is asked for is pushed.
async function authorized(config, bound) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const parameters = {
    redirect_uri: CALLBACK,
    scope: SCOPE,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state,
    nonce,
    prompt: "consent",
  };
  const url = bound
    ? await client.buildAuthorizationUrlWithPAR(config, parameters, bound)
    : client.buildAuthorizationUrl(config, parameters);
  told.parameters = [...url.searchParams.keys()].sort();
  const checks = { pkceCodeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  return client.authorizationCodeGrant(config, await agreed(url), checks, undefined, bound);
}

const registration = {
  client_name: "A test of openid-client",
  redirect_uris: [CALLBACK],
  grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
  scope: SCOPE,
  id_token_signed_response_alg: "ES256",
};
const secretive = await client.dynamicClientRegistration(
  new URL(server),
  { ...registration, token_endpoint_auth_method: "client_secret_basic" },
  client.ClientSecretBasic(),
  insecure,
);
const open = await client.dynamicClientRegistration(
  new URL(server),
  { ...registration, token_endpoint_auth_method: "none" },
  client.None(),
  insecure,
);
told.registered = [secretive, open].map((config) => Boolean(config.clientMetadata().client_id));
told.issuer = open.serverMetadata().issuer;

const viewer = async (token) => (await ask(server, "{ viewer { handle } }", {}, token)).viewer.handle;

const tokens = await authorized(secretive);
told.subject = tokens.claims().sub;
told.viewer = await viewer(tokens.access_token);
told.userinfo = (await client.fetchUserInfo(secretive, tokens.access_token, told.subject)).sub;
const active = async (token) => (await client.tokenIntrospection(secretive, token)).active;
const refreshed = await client.refreshTokenGrant(secretive, tokens.refresh_token);
told.rotated = refreshed.refresh_token !== tokens.refresh_token;
told.active = await active(refreshed.access_token);
await client.tokenRevocation(secretive, refreshed.refresh_token);
told.revoked = !(await active(refreshed.access_token));

const bound = { DPoP: client.getDPoPHandle(open, await client.randomDPoPKeyPair()) };
const first = await authorized(open, bound);
const next = await client.refreshTokenGrant(open, first.refresh_token, undefined, bound);
const query = JSON.stringify({ query: "{ viewer { handle } }" });
const json = new Headers({ "content-type": "application/json" });
const asked = (token) =>
  client.fetchProtectedResource(open, token, new URL(`${server}/graphql`), "POST", query, json, bound);
told.bound = [first, next].map((tokens) => tokens.token_type);
told.public = (await (await asked(next.access_token)).json()).data.viewer.handle;
told.boundUserinfo = (await client.fetchUserInfo(open, next.access_token, told.subject, bound)).sub;
told.bearer = await fetch(`${server}/graphql`, {
  method: "POST",
  headers: { "content-type": "application/json", authorization: `Bearer ${next.access_token}` },
  body: query,
}).then((answer) => answer.status);

const device = await client.initiateDeviceAuthorization(open, { scope: "openid profile:read" });
const polled = client.pollDeviceAuthorizationGrant(open, device);
const page = await browser.open(device.verification_uri_complete);
await browser.send(page, "Allow");
told.device = await viewer((await polled).access_token);

console.log(JSON.stringify(told));
