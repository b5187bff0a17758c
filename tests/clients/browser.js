// A browser without JavaScript: it keeps cookies, follows redirects within the site, and sends forms.
export class Browser {
  #cookies = new Map();

  // The page at a URL, or the URL alone where it is another site's.
  async open(url, init = {}) {
    const cookie = [...this.#cookies].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(url, { ...init, redirect: "manual", headers: { ...init.headers, cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [name, value] = set.split(";")[0].split(/=(.*)/s);
      this.#cookies.set(name, value);
    }
    const location = response.headers.get("location");
    if (!location) return { url, status: response.status, html: await response.text() };
    const next = new URL(location, url);
    return next.origin === new URL(url).origin ? this.open(next.href) : { url: next.href };
  }

  // What comes of the page's form that has such a button, with these fields filled in.
  send(page, button, fields = {}) {
    const form = forms(page).find(({ buttons }) => buttons.has(button));
    if (!form) throw new Error(`No button “${button}” at ${page.url} (${page.status}): ${page.html}`);
    const body = new URLSearchParams([...form.fields, ...form.buttons.get(button)]);
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    const origin = new URL(page.url).origin;
    const url = new URL(form.action || page.url, page.url).href;
    return this.open(url, { method: "POST", body, headers: { origin } });
  }
}

function forms({ html }) {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, attributes, inside]) => ({
    action: attribute(attributes, "action"),
    fields: [...inside.matchAll(/<input\b([^>]*)>/g)]
      .map(([, input]) => input)
      .filter((input) => attribute(input, "name") && (attribute(input, "type") !== "checkbox" || /\bchecked\b/.test(input)))
      .map((input) => [attribute(input, "name"), attribute(input, "value")]),
    buttons: new Map(
      [...inside.matchAll(/<button\b([^>]*)>(.*?)<\/button>/gs)].map(([, button, text]) => {
        const name = attribute(button, "name");
        return [text.replace(/<[^>]*>/g, "").trim(), name ? [[name, attribute(button, "value")]] : []];
      }),
    ),
  }));
}

function attribute(text, name) {
  const value = text.match(new RegExp(`(?:^|\\s)${name}="([^"]*)"`))?.[1] ?? "";
  return value.replaceAll("&#34;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
