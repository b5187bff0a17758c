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

async function authorized(config) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: SCOPE,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state,
    nonce,
    prompt: "consent",
  });
  const checks = { pkceCodeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  return client.authorizationCodeGrant(config, await agreed(url), checks);
}

const asked = {
  client_name: "A test of openid-client",
  redirect_uris: [CALLBACK],
  grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
  scope: SCOPE,
  id_token_signed_response_alg: "ES256",
};
const secretive = await client.dynamicClientRegistration(
  new URL(server),
  { ...asked, token_endpoint_auth_method: "client_secret_basic" },
  client.ClientSecretBasic(),
  insecure,
);
const open = await client.dynamicClientRegistration(
  new URL(server),
  { ...asked, token_endpoint_auth_method: "none" },
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

told.public = await viewer((await authorized(open)).access_token);

const device = await client.initiateDeviceAuthorization(open, { scope: "openid profile:read" });
const polled = client.pollDeviceAuthorizationGrant(open, device);
const page = await browser.open(device.verification_uri_complete);
await browser.send(page, "Allow");
told.device = await viewer((await polled).access_token);

console.log(JSON.stringify(told));
