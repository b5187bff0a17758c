// node expiry.js http://localhost:8000
// Tokens are good for a few seconds. The socket ends with its token, and the page goes on with the next one.
import { follow, publish, refreshed, signUp } from "./people.js";
import { Screen } from "./following.js";

const [server] = process.argv.slice(2);
let [ada, bob] = [await signUp(server, "Ada"), await signUp(server, "Bob")];
await follow(server, ada, bob);

const screen = new Screen(server, ada);
await screen.until(() => screen.sockets.length === 1 && screen.pages === 1);
const posts = [];
while (screen.closed.length < 2) {
  bob = await refreshed(server, bob);
  posts.push(await publish(server, bob, `Post ${posts.length}.`));
  await new Promise((done) => setTimeout(done, 100));
}
const added = () =>
  screen.updates.filter(({ __typename }) => __typename === "PostAdded").map(({ edge }) => edge.node.id);
await screen.until(() => added().length >= posts.length && screen.sockets.length > 2); // not while it waits to come back
await screen.end();
console.log(JSON.stringify({ posts, added: added(), closed: screen.closed.slice(0, 2), problems: screen.problems, pages: screen.pages }));
