// Two people and two servers: node live.js http://localhost:8000 http://localhost:8001
// Ada follows Bob and listens to her feed at the first server; Bob posts at the second; she hears of it.
import { randomUUID } from "node:crypto";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [here, there] = process.argv.slice(2);
const body = `Live at ${new Date().toISOString()}.`;

async function ask(server, query, variables, token) {
  const response = await fetch(`${server}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

async function signUp(server, name) {
  const handle = `${name}_${randomUUID().slice(0, 8)}`.toLowerCase();
  const input = { handle, name, email: `${handle}@example.org`, password: randomUUID() };
  const query = `mutation ($input: SignUpInput!) {
    signUp(input: $input) { ... on SignUpSuccess { session { accessToken viewer { id } } } ... on Error { message } }
  }`;
  const { session } = (await ask(server, query, { input })).signUp;
  return { id: session.viewer.id, token: session.accessToken };
}

const [ada, bob] = [await signUp(here, "Ada"), await signUp(there, "Bob")];
const follow = `mutation ($input: FollowUserInput!) {
  followUser(input: $input) { ... on FollowUserSuccess { user { viewerFollow } } ... on Error { message } }
}`;
const { followUser } = await ask(here, follow, { input: { userId: bob.id } }, ada.token);
if (followUser.user?.viewerFollow !== "FOLLOWING") throw new Error(JSON.stringify(followUser));
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

const create = `mutation ($input: CreatePostInput!) {
  createPost(input: $input) { ... on CreatePostSuccess { post { id } } ... on Error { message } }
}`;
const first = updates.next(); // from here on nothing is missed, however long the socket takes to open
const { createPost } = await ask(there, create, { input: { body } }, bob.token);
const posted = performance.now();
const { value } = await first;
const milliseconds = performance.now() - posted;
await updates.return();
await client.dispose();
console.log(JSON.stringify({ answer: value, post: createPost.post.id, author: bob.id, body, milliseconds }));
