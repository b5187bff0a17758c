// node sse.js http://localhost:8000
// graphql-sse with distinct connections: the page goes on where a stream was cut.
import { createClient } from "graphql-sse";

import { ask, follow, publish, signUp } from "./people.js";

const [server] = process.argv.slice(2);
const [ada, bob] = [await signUp(server, "Ada"), await signUp(server, "Bob")];
await follow(server, ada, bob);
const { feed } = await ask(server, "{ feed { liveCursor } }", {}, ada.token);
const client = createClient({
  url: `${server}/graphql`,
  headers: { authorization: `Bearer ${ada.token}` },
  retryAttempts: 0,
});
const query = `subscription ($after: Cursor) {
  feedUpdates(after: $after) { ... on LiveEvent { cursor } ... on PostAdded { edge { node { id } } } }
}`;

// Listen from a cursor on, while somebody posts; the ids that came, and the cursor of the last.
async function hear(after, ...posts) {
  const [heard, made] = [[], []];
  const updates = client.iterate({ query, variables: { after } });
  const writing = (async () => {
    for (const body of posts) made.push(await publish(server, bob, body));
  })();
  for await (const { data, errors } of updates) {
    if (errors) throw new Error(JSON.stringify(errors));
    after = data.feedUpdates.cursor;
    if (data.feedUpdates.edge) heard.push(data.feedUpdates.edge.node.id);
    if (heard.length === posts.length + missed) break; // which closes the stream
  }
  await writing;
  return { heard, made, after };
}

let missed = 0;
const first = await hear(feed.liveCursor, "One.", "Two.");
const between = await publish(server, bob, "Missed.");
missed = 1;
const second = await hear(first.after, "Three.");
const answers = [];
for await (const { data } of client.iterate({ query: "{ viewer { id } }" })) answers.push(data.viewer.id);
const refusal = await client.iterate({ query: "subscription { feedUpdates }" }).next().catch((error) => error);
console.log(
  JSON.stringify({
    heard: [...first.heard, ...second.heard],
    made: [...first.made, between, ...second.made],
    answers,
    viewer: ada.id,
    refusal: JSON.stringify(refusal.value?.errors ?? refusal.message ?? refusal),
  }),
);
