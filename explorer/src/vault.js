/**
 * One value that all windows share, with no window ever reading an old one.
 *
 * It is in IndexedDB because a window may read its own localStorage for some milliseconds after another has changed it,
 * a lock between them or not: long enough to trade in a refresh token that is spent already. Where the browser keeps
 * nothing, each window has its own value until it is closed.
 */
const NAME = "starling.session";

const opening = new Promise((resolve, reject) => {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(NAME);
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
}).catch(() => null);
const channel = new BroadcastChannel(NAME);
let own = null;

/** What was stored last, by whichever window; null when there is nothing. */
export async function load() {
  const database = await opening;
  if (!database) return own;
  const request = database.transaction(NAME).objectStore(NAME).get(NAME);
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result ?? null);
    request.onerror = () => reject(request.error);
  });
}

/** Store a value, or null; when this is done, every window reads it. */
export async function store(value) {
  own = value;
  const database = await opening;
  if (!database) return;
  const transaction = database.transaction(NAME, "readwrite");
  transaction.objectStore(NAME).put(value, NAME);
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  channel.postMessage("changed");
}

/** Call `listener` with the value when another window has changed it. */
export function onChange(listener) {
  channel.onmessage = async () => listener(await load());
}

/** Do `work` in one window at a time. Without https, other than on this very machine, browsers have no locks. */
export function exclusively(work) {
  return navigator.locks ? navigator.locks.request(NAME, work) : work();
}
