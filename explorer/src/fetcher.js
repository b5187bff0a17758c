import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";

import { httpUrl, webSocketUrl } from "./endpoint.js";
import { unbroken } from "./live.js";
import { authorization, currentSession, distrust, subscribe } from "./session.js";

const FORBIDDEN = 4403; // how the server closes a socket whose token has expired or was revoked

const socket = createClient({
  url: webSocketUrl,
  connectionParams: async () => {
    const bearer = await authorization();
    return bearer ? { authorization: bearer } : {};
  },
  on: {
    closed: ({ code }) => code === FORBIDDEN && distrust(),
  },
});

let handle = currentSession()?.handle;
subscribe(() => {
  if (currentSession()?.handle === handle) return;
  handle = currentSession()?.handle;
  socket.terminate(); // running subscriptions come back as the new viewer
});

async function authorizedFetch(url, init) {
  const own = new Headers(init.headers).has("authorization"); // typed into the headers editor: it wins
  const bearer = own ? null : await authorization();
  const response = await fetch(url, withBearer(init, bearer));
  if (response.status !== 401 || !bearer) return response;
  distrust();
  return fetch(url, withBearer(init, await authorization()));
}

function withBearer(init, bearer) {
  return bearer ? { ...init, headers: { ...init.headers, authorization: bearer } } : init;
}

export const fetcher = createGraphiQLFetcher({
  url: httpUrl,
  fetch: authorizedFetch,
  wsClient: unbroken(socket),
  enableIncrementalDelivery: false, // without @defer there are no multipart answers to ask for
});
