// People and what they do, over plain HTTP.
import { randomUUID } from "node:crypto";

export async function ask(server, query, variables, token, operationName) {
  const response = await fetch(`${server}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables, operationName }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

// The result of a mutation: what is selected of its success. Any refusal is an error.
async function mutate(server, name, select, input, token) {
  const kind = name[0].toUpperCase() + name.slice(1);
  const query = `mutation ($input: ${kind}Input!) {
    result: ${name}(input: $input) { ... on ${kind}Success { ${select} } ... on Error { code message } }
  }`;
  const { result } = await ask(server, query, { input }, token);
  if (result.code) throw new Error(JSON.stringify(result));
  return result;
}

const SESSION = "session { accessToken refreshToken expiresIn viewer { id } }";

export async function signUp(server, name) {
  const handle = `${name}_${randomUUID().slice(0, 8)}`.toLowerCase();
  const input = { handle, name, email: `${handle}@example.org`, password: randomUUID() };
  const { session } = await mutate(server, "signUp", SESSION, input);
  return { id: session.viewer.id, handle, token: session.accessToken, refreshToken: session.refreshToken };
}

export async function refreshed(server, person) {
  const { session } = await mutate(server, "refreshSession", SESSION, { refreshToken: person.refreshToken });
  return { ...person, token: session.accessToken, refreshToken: session.refreshToken };
}

export const follow = (server, { token }, { id }) => mutate(server, "followUser", "user { id }", { userId: id }, token);

export async function publish(server, { token }, body) {
  return (await mutate(server, "createPost", "post { id }", { body }, token)).post.id;
}

export const edit = (server, { token }, postId, body) =>
  mutate(server, "editPost", "post { id }", { postId, body }, token);

export const remove = (server, { token }, postId) => mutate(server, "deletePost", "deletedId", { postId }, token);
