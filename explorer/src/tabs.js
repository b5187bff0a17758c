import createPost from "./tabs/create-post.graphql?raw";
import feed from "./tabs/feed.graphql?raw";
import liveUpdates from "./tabs/live-updates.graphql?raw";
import profile from "./tabs/profile.graphql?raw";
import search from "./tabs/search.graphql?raw";
import thread from "./tabs/thread.graphql?raw";

const tab = (query, variables) => ({ query, variables: JSON.stringify(variables, null, 2) });

/** What greets a newcomer: one operation per thing that Starling does, over the people of the demo world. */
export const tabs = [
  tab(feed, { first: 10 }),
  tab(profile, { handle: "ada" }),
  tab(thread, { handle: "ada" }),
  tab(search, { text: "query" }),
  tab(createPost, { input: { body: "Hello from the explorer!", visibility: "PUBLIC" } }),
  tab(liveUpdates, {}),
];
