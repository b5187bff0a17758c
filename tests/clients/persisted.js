// Sends a query by its hash with Apollo Client and urql: node persisted.js http://localhost:8000/graphql
// Prints what each request was and how it was answered; each client asks twice by POST, then twice by GET.
import { createHash, randomUUID } from "node:crypto";
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { createClient, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";

const [url] = process.argv.slice(2);
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const fresh = () => `query Q${randomUUID().replaceAll("-", "")} { latest(first: 1) { nodes { id } } }`;

function watched(requests) {
  return async (input, init) => {
    const response = await fetch(input, init);
    const sent = init.body ?? decodeURIComponent(input);
    requests.push({
      method: init.method,
      text: sent.includes("latest"),
      cached: response.headers.get("cache-control"),
    });
    return response;
  };
}

async function apollo(get) {
  const requests = [];
  const link = new PersistedQueryLink({ sha256, useGETForHashedQueries: get });
  const http = new HttpLink({ uri: url, fetch: watched(requests) });
  const client = new ApolloClient({ link: link.concat(http), cache: new InMemoryCache() });
  const query = gql(fresh());
  const answers = [];
  for (const _ of [1, 2]) answers.push((await client.query({ query, fetchPolicy: "no-cache" })).data);
  return { requests, answers };
}

async function urql(get) {
  const requests = [];
  const client = createClient({
    url,
    fetch: watched(requests),
    preferGetMethod: false,
    exchanges: [persistedExchange({ generateHash: async (text) => sha256(text), preferGetForPersistedQueries: get }), fetchExchange],
  });
  const query = fresh();
  const answers = [];
  for (const _ of [1, 2]) answers.push((await client.query(query, {}, { requestPolicy: "network-only" })).data);
  return { requests, answers };
}

const told = {};
for (const [name, client] of Object.entries({ apollo, urql })) {
  told[name] = { post: await client(false), get: await client(true) };
}
console.log(JSON.stringify(told));
