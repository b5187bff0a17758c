// Two people and two servers: node live.js http://localhost:8000 http://localhost:8001
// Ada follows Bob and listens to her feed at the first server; Bob posts at the second; she hears of it.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { ask, follow, publish, signUp } from "./people.js";

const [here, there] = process.argv.slice(2);
const body = `Live at ${new Date().toISOString()}.`;

const [ada, bob] = [await signUp(here, "Ada"), await signUp(there, "Bob")];
await follow(here, ada, bob);
const { feed } = await ask(here, "{ feed { liveCursor nodes { id } } }", {}, ada.token);

const client = createClient({
  url: `${here.replace("http", "ws")}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${ada.token}` },
  retryAttempts: 0,
});
const updates = client.iterate({
  query: `subscription ($after: Cursor) {
    feedUpdates(after: $after) {
      __typename
      ... on LiveEvent { cursor }
      ... on PostAdded { edge { cursor node { id body author { id viewerFollow } } } }
      ... on ResyncRequired { reason }
    }
  }`,
  variables: { after: feed.liveCursor },
});

const first = updates.next(); // from here on nothing is missed, however long the socket takes to open
const post = await publish(there, bob, body);
const posted = performance.now();
const { value } = await first;
const milliseconds = performance.now() - posted;
await updates.return();
await client.dispose();
console.log(JSON.stringify({ answer: value, post, author: bob.id, body, milliseconds }));
