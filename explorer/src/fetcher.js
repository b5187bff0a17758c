import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";

import { httpUrl, webSocketUrl } from "./endpoint.js";
import { unbroken } from "./live.js";
import { currentPerson, refresh, subscribe } from "./session.js";

const FORBIDDEN = 4403; // how the server closes a socket whose session is over

const socket = createClient({
  url: webSocketUrl,
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
