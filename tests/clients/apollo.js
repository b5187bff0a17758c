// node apollo.js http://localhost:8000
// Apollo Client with its defaults: a query, a mutation, a refusal, and a subscription over graphql-ws.
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { getMainDefinition } from "@apollo/client/utilities";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { signUp } from "./people.js";

const [server] = process.argv.slice(2);
const ada = await signUp(server, "Ada");
const authorization = `Bearer ${ada.token}`;
const sent = [];

const http = new HttpLink({
  uri: `${server}/graphql`,
  headers: { authorization },
  fetch: async (url, init) => {
    const response = await fetch(url, init);
    sent.push({ accept: new Headers(init.headers).get("accept"), type: response.headers.get("content-type") });
    return response;
  },
});
const sockets = createClient({
  url: `${server.replace("http", "ws")}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { authorization },
});
const isSubscription = ({ query }) => getMainDefinition(query).operation === "subscription";
const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.split(isSubscription, new GraphQLWsLink(sockets), http),
});

const { data: page } = await client.query({ query: gql`{ viewer { id handle } feed { liveCursor nodes { id } } }` });
const told = new Promise((done, fail) => {
  client
    .subscribe({
      query: gql`subscription ($after: Cursor) {
        feedUpdates(after: $after) { ... on PostAdded { cursor edge { node { id body } } } }
      }`,
      variables: { after: page.feed.liveCursor },
    })
    .subscribe({ next: ({ data, error }) => (error ? fail(error) : done(data.feedUpdates.edge.node)), error: fail });
});
const { data: made } = await client.mutate({
  mutation: gql`mutation { createPost(input: { body: "From Apollo." }) { ... on CreatePostSuccess { post { id } } } }`,
});
const node = await told;
const refusal = await client.query({ query: gql`{ feed(first: 101) { liveCursor } }` }).catch((error) => error.message);
await sockets.dispose();
client.stop();
console.log(JSON.stringify({ handle: page.viewer.handle, expected: ada.handle, post: made.createPost.post.id, node, refusal, sent }));
