/** The explorer is a page of the endpoint it explores, so that any path prefix in front of both is right already. */
export const httpUrl = location.origin + location.pathname;
export const webSocketUrl = httpUrl.replace(/^http/, "ws");

/** Ask the server. Throws an Error with a sentence for a person when it can't be reached. */
export const read = (url, init) =>
  fetch(url, init).catch(() => {
    throw new Error("The server can't be reached.");
  });

/** Run one operation outside of the editor. Returns its data; throws an Error with a sentence for a person. */
export async function run(query) {
  const response = await read(httpUrl, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/graphql-response+json, application/json" },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = await response.json().catch(() => {
    throw new Error(`The server answered ${response.status} and no JSON.`);
  });
  if (!data) throw new Error(errors?.[0]?.message ?? `The server answered ${response.status}.`);
  return data;
}
