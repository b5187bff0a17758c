// node resync.js http://localhost:8000
// A cursor of another history can't be continued: the page is queried anew, and goes on from there.
import { follow, publish, signUp } from "./people.js";
import { Screen } from "./following.js";

const [server] = process.argv.slice(2);
const [ada, bob] = [await signUp(server, "Ada"), await signUp(server, "Bob")];
await follow(server, ada, bob);

class Restored extends Screen {
  async query() {
    const page = await super.query();
    const elsewhere = Buffer.from("live:4294967295:1").toString("base64url");
    return this.pages ? page : { ...page, liveCursor: elsewhere };
  }
}

const screen = new Restored(server, ada);
await screen.until(() => screen.pages === 2);
const post = await publish(server, bob, "After the restore.");
await screen.until(() => screen.posts.some(({ id }) => id === post));
const whole = await screen.isWhole();
await screen.end();
console.log(JSON.stringify({ whole, pages: screen.pages, problems: screen.problems }));
