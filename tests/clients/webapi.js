// node webapi.js http://localhost:8000
// What oauth4webapi confirms of the server: metadata, a public app's pushed request, its code and refresh, bound to a
// key, and what is refused.
import * as oauth from "oauth4webapi";

import { Browser } from "./browser.js";

const [server] = process.argv.slice(2);
const CALLBACK = "http://127.0.0.1:9/callback";
const insecure = { [oauth.allowInsecureRequests]: true };
const told = {};

const issuer = new URL(server);
const found = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure });
const as = await oauth.processDiscoveryResponse(issuer, found);
told.methods = as.code_challenge_methods_supported;

const metadata = { client_name: "A test of oauth4webapi", redirect_uris: [CALLBACK], token_endpoint_auth_method: "none", grant_types: ["authorization_code", "refresh_token"] };
const registered = await oauth.dynamicClientRegistrationRequest(as, metadata, insecure);
const client = await oauth.processDynamicClientRegistrationResponse(registered);
const nobody = oauth.None();
const bound = { ...insecure, DPoP: oauth.DPoP(client, await oauth.generateKeyPair("ES256")) };

const browser = new Browser();
await browser.send(await browser.open(`${server}/sign-in`), "Sign in", { login: "ada", password: "starling" });

async function sentBack(button, verifier, state) {
  const parameters = {
    redirect_uri: CALLBACK,
    response_type: "code",
    scope: "offline_access profile:read feed:read",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    prompt: "consent",
  };
  const pushed = await oauth.pushedAuthorizationRequest(as, client, nobody, parameters, bound);
  const { request_uri } = await oauth.processPushedAuthorizationResponse(as, client, pushed);
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({ client_id: client.client_id, request_uri });
  return new URL((await browser.send(await browser.open(url.href), button)).url);
}

const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
const denied = await sentBack("Deny", verifier, state);
try {
  oauth.validateAuthResponse(as, client, denied, state);
} catch (error) {
  told.denied = error.error;
}

const back = oauth.validateAuthResponse(as, client, await sentBack("Allow", verifier, state), state);
const redeem = (verifier) => oauth.authorizationCodeGrantRequest(as, client, nobody, back, CALLBACK, verifier, bound);
const tokens = await oauth.processAuthorizationCodeResponse(as, client, await redeem(verifier));
told.scope = tokens.scope;

const again = await oauth.refreshTokenGrantRequest(as, client, nobody, tokens.refresh_token, bound);
const refreshed = await oauth.processRefreshTokenResponse(as, client, again);
told.refreshed = refreshed.access_token !== tokens.access_token;
told.type = refreshed.token_type;

const url = new URL(`${server}/graphql`);
const json = new Headers({ "content-type": "application/json" });
const query = JSON.stringify({ query: "{ viewer { handle } }" });
const answer = await oauth.protectedResourceRequest(refreshed.access_token, "POST", url, json, query, bound);
told.viewer = (await answer.json()).data.viewer.handle;
url.search = new URLSearchParams({ query: "{ viewer { handle } }" });
const got = await oauth.protectedResourceRequest(refreshed.access_token, "GET", url, undefined, undefined, bound);
told.got = (await got.json()).data.viewer.handle;

try {
  await oauth.processAuthorizationCodeResponse(as, client, await redeem(verifier));
} catch (error) {
  told.replayed = error.error;
}
try {
  const ended = await oauth.refreshTokenGrantRequest(as, client, nobody, refreshed.refresh_token, bound);
  await oauth.processRefreshTokenResponse(as, client, ended);
} catch (error) {
  told.family = error.error;
}
console.log(JSON.stringify(told));
