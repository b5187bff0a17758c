import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";

import { httpUrl, webSocketUrl } from "./endpoint.js";
import { unbroken } from "./live.js";
import { currentPerson, refresh, subscribe } from "./session.js";

const FORBIDDEN = 4403; // how the server closes a socket whose session is over
const LONGEST_WAIT = 10_000;

const socket = createClient({
  url: webSocketUrl,
  retryAttempts: Infinity, // as docs/live.md teaches
  retryWait: (retries) =>
    new Promise((done) => setTimeout(done, Math.random() * Math.min(LONGEST_WAIT, 500 * 2 ** retries))),
  shouldRetry: () => true, // also where nobody listens yet
  on: {
    closed: ({ code }) => code === FORBIDDEN && refresh(),
  },
});

let handle = currentPerson()?.handle;
subscribe(() => {
  if (currentPerson()?.handle === handle) return;
  handle = currentPerson()?.handle;
  socket.terminate(); // running subscriptions come back as the new viewer
});

export const fetcher = createGraphiQLFetcher({
  url: httpUrl,
  wsClient: unbroken(socket),
  enableIncrementalDelivery: false, // without @defer there are no multipart answers to ask for
});
