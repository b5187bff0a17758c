// node resume.js http://localhost:8000
// Sockets are cut off without a goodbye, again and again, while Bob goes on; Ada's page misses nothing.
import { ask, edit, follow, publish, remove, signUp } from "./people.js";
import { Screen } from "./following.js";

const [server] = process.argv.slice(2);
const [ada, bob] = [await signUp(server, "Ada"), await signUp(server, "Bob")];
await follow(server, ada, bob);
const early = await publish(server, bob, "Before anybody looked.");

const screen = new Screen(server, ada);
await screen.until(() => screen.pages === 1 && screen.sockets.length === 1);
const posts = [];
for (let cut = 1; cut <= 3; cut += 1) {
  posts.push(await publish(server, bob, `Post ${cut}, seen live.`));
  await screen.until(() => screen.posts.some(({ id }) => id === posts.at(-1)));
  screen.sockets.at(-1).terminate();
  posts.push(await publish(server, bob, `Post ${cut}, missed.`));
  await edit(server, bob, posts.at(-2), `Post ${cut}, edited meanwhile.`);
  await screen.until(() => screen.sockets.length === cut + 1);
}
await remove(server, bob, early);
const whole = await screen.isWhole();
await screen.end();

const added = screen.updates.filter(({ __typename }) => __typename === "PostAdded").map(({ edge }) => edge.node.id);
const { closed, problems, pages } = screen;
console.log(JSON.stringify({ whole, posts, added, closed, problems, pages, removed: !screen.posts.some(({ id }) => id === early) }));
