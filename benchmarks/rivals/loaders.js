// One DataLoader for each relation, made anew for each request.
import DataLoader from "dataloader";
import { read } from "./database.js";

const LARGEST = "9223372036854775807";
const START = { NEWEST: LARGEST, OLDEST: "-1" };

export class Loaders {
  constructor(viewer) {
    this.viewer = viewer;
    this.made = new Map();
  }

  /** Rows by a key that is their own. */
  rows(name, column = "id", keys = "keys") {
    return this.once(name, () => async (of) => {
      const rows = new Map();
      for (const row of await read(name, { viewer: this.viewer, [keys]: of })) rows.set(row[column], row);
      return of.map((key) => rows.get(key) ?? null);
    });
  }

  /** Pages of rows by what they are listed under. */
  pages(name, first, order = "NEWEST") {
    return this.once(`${name} ${first} ${order}`, () => async (of) => {
      const pages = new Map(of.map((key) => [key, []]));
      const page = { viewer: this.viewer, keys: of, limit: first + 1, after_0: START[order] };
      for (const row of await read(name, page)) pages.get(row.page_of).push(row);
      return of.map((key) => connectionOf(pages.get(key), first));
    });
  }

  once(name, batch) {
    let loader = this.made.get(name);
    if (!loader) this.made.set(name, (loader = new DataLoader(batch())));
    return loader;
  }
}

/** A connection of one row more than the page has, if there is more. */
export const connectionOf = (rows, first) => {
  const hasNextPage = rows.length > first;
  return { nodes: hasNextPage ? rows.slice(0, first) : rows, pageInfo: { hasNextPage } };
};

/** The feed's page, which hangs on nobody. */
export const feed = async (viewer, first) =>
  connectionOf(await read("feed", { viewer, limit: first + 1, after_0: LARGEST }), first);

export { LARGEST };
