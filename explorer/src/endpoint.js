/** The explorer is a page of the endpoint it explores, so that any path prefix in front of both is right already. */
export const httpUrl = location.origin + location.pathname;
export const webSocketUrl = httpUrl.replace(/^http/, "ws");

/** Run one operation outside of the editor. Returns its data; throws an Error with a sentence for a person. */
export async function run(query, variables, authorization) {
  const response = await fetch(httpUrl, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/graphql-response+json, application/json",
      ...(authorization && { authorization }),
    },
    body: JSON.stringify({ query, variables }),
  }).catch(() => {
    throw new Error("The server can't be reached.");
  });
  const { data, errors } = await response.json().catch(() => {
    throw new Error(`The server answered ${response.status} and no JSON.`);
  });
  if (!data) throw new Error(errors?.[0]?.message ?? `The server answered ${response.status}.`);
  return data;
}
