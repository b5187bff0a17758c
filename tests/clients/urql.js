// node urql.js http://localhost:8000
// urql with its defaults: a query, a mutation, a refusal, and a subscription over graphql-ws.
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { signUp } from "./people.js";

const [server] = process.argv.slice(2);
const ada = await signUp(server, "Ada");
const authorization = `Bearer ${ada.token}`;
const sent = [];

const sockets = createClient({
  url: `${server.replace("http", "ws")}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { authorization },
});
const client = new Client({
  url: `${server}/graphql`,
  preferGetMethod: false,
  fetchOptions: { headers: { authorization } },
  fetch: async (url, init) => {
    const response = await fetch(url, init);
    sent.push({ accept: new Headers(init.headers).get("accept"), type: response.headers.get("content-type") });
    return response;
  },
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = "", variables }) => ({
        subscribe: (sink) => ({ unsubscribe: sockets.subscribe({ query, variables }, sink) }),
      }),
    }),
  ],
});

const good = ({ data, error }) => {
  if (error) throw error;
  return data;
};
const page = good(await client.query("{ viewer { id handle } feed { liveCursor nodes { id } } }", {}));
const subscription = `subscription ($after: Cursor) {
  feedUpdates(after: $after) { ... on PostAdded { cursor edge { node { id body } } } }
}`;
const told = new Promise((done) => {
  const running = client.subscription(subscription, { after: page.feed.liveCursor }).subscribe((result) => {
    done(good(result).feedUpdates.edge.node);
    setTimeout(() => running.unsubscribe());
  });
});
const create = `mutation { createPost(input: { body: "From urql." }) { ... on CreatePostSuccess { post { id } } } }`;
const made = good(await client.mutation(create, {}));
const node = await told;
const { error } = await client.query("{ feed(first: 101) { liveCursor } }", {});
await sockets.dispose();
console.log(JSON.stringify({ handle: page.viewer.handle, expected: ada.handle, post: made.createPost.post.id, node, refusal: error.message, sent }));
