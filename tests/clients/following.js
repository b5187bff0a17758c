// Somebody who follows a feed as docs/live.md teaches, with a page that can be held to what a fresh query finds.
import WebSocket from "ws";

import { ask, refreshed } from "./people.js";
import { connect, follow, operations, reduce } from "./taught.js";

export class Screen {
  constructor(server, person) {
    Object.assign(this, { server, person, edges: [], updates: [], closed: [], problems: [], pages: 0, sockets: [] });
    this.client = connect(`${server.replace("http", "ws")}/graphql`, () => this.freshToken(), {
      webSocketImpl: WebSocket,
      retryWait: () => new Promise((done) => setTimeout(done, 50 + 100 * Math.random())),
      on: {
        opened: (socket) => this.sockets.push(socket),
        closed: ({ code }) => this.closed.push(code),
      },
    });
    this.stop = follow({
      client: this.client,
      subscription: operations,
      query: () => this.query(),
      dispatch: (action) => this.dispatch(action),
      fail: (problem) => this.problems.push(problem?.message ?? problem),
    });
  }

  async freshToken() {
    // As an application would: the first connection's is new, later ones' may have expired.
    if (this.connectedBefore) this.person = await refreshed(this.server, this.person);
    this.connectedBefore = true;
    return this.person.token;
  }

  async query() {
    const { feed } = await ask(this.server, operations, {}, this.person.token, "Feed");
    return feed;
  }

  dispatch(action) {
    if ("page" in action) this.pages += 1;
    else this.updates.push(action.update);
    this.edges = reduce(this.edges, action);
  }

  get posts() {
    return this.edges.map(({ node }) => ({ id: node.id, body: node.body }));
  }

  // Whether the page is what a query finds now; waits until it is.
  async isWhole() {
    const expected = (await this.query()).edges.map(({ node }) => ({ id: node.id, body: node.body }));
    const wanted = JSON.stringify(expected);
    return this.until(() => JSON.stringify(this.posts.slice(0, 50)) === wanted).catch(() => false);
  }

  async until(good) {
    const deadline = Date.now() + 15_000;
    while (!(await good())) {
      if (Date.now() > deadline) throw new Error(`never came: ${good}\n${JSON.stringify(this.problems)}`);
      await new Promise((done) => setTimeout(done, 20));
    }
    return true;
  }

  async end() {
    this.stop();
    await this.client.dispose();
  }
}
