// Starling's schema, resolved by hand with DataLoaders: what Mercurius and Apollo Server serve.
import { readFileSync } from "node:fs";
import { makeExecutableSchema } from "@graphql-tools/schema";
import { readPlannedAnew, transaction } from "./database.js";
import { connectionOf, feed, LARGEST, Loaders } from "./loaders.js";
import { viewerOf } from "./viewer.js";

const asIs = { serialize: (value) => value };
const numberOf = (id) => id.slice(id.indexOf("_") + 1);
const user = (id, loaders) => loaders.rows("users").load(id);

const search = async ({ text, first }, { loaders }) => {
  const page = { viewer: loaders.viewer, text: text.trim().toLowerCase(), limit: first + 1, after_0: LARGEST, after_1: LARGEST };
  const rows = await readPlannedAnew("search", page);
  for (const row of rows) row.__typename = "Post";
  return connectionOf(rows, first);
};

const node = async ({ id }, { loaders }) => {
  if (!id.startsWith("post_")) return null;
  const row = await loaders.rows("posts").load(numberOf(id));
  return row && { ...row, __typename: "Post" };
};

const createPost = async ({ input }, { loaders }) => {
  const author = loaders.viewer;
  const text = input.body.trim();
  if (!text || text.length > 5000) {
    const message = "1–5,000 characters.";
    return { __typename: "InvalidInput", code: "INVALID_INPUT", message, fields: [{ path: ["input", "body"], message }] };
  }
  const post = await transaction(async (write) => {
    const [row] = await write("insertPost", { author, text, seen: input.visibility });
    await write("countPost", { owner: author, add_public_posts: 1 });
    await write("recordEvent", { what: "PostAdded", ids: `{"post_id": ${row.id}, "author_id": ${author}}` });
    return row;
  });
  return { __typename: "CreatePostSuccess", post };
};

const resolvers = {
  Query: {
    viewer: (_, __, { loaders }) => user(loaders.viewer, loaders),
    user: (_, { handle }, { loaders }) => loaders.rows("usersByHandle", "handle", "handles").load(handle.toLowerCase()),
    node: (_, args, context) => node(args, context),
    feed: (_, { first }, { loaders }) => feed(loaders.viewer, first),
    search: (_, args, context) => search(args, context),
  },
  Mutation: { createPost: (_, args, context) => createPost(args, context) },
  User: {
    id: (row) => `user_${row.id}`,
    avatarUrl: (row) => row.avatar_url,
    isPrivate: (row) => row.is_private,
    createdAt: (row) => row.created_at,
    postCount: async (row, _, { loaders }) => (await loaders.rows("userCounts").load(row.id)).posts,
    followerCount: async (row, _, { loaders }) => (await loaders.rows("userCounts").load(row.id)).followers,
    followingCount: async (row, _, { loaders }) => (await loaders.rows("userCounts").load(row.id)).following,
    viewerFollow: async (row, _, { loaders }) => {
      const follow = await loaders.rows("followsOfViewer").load(row.id);
      return !follow ? "NONE" : follow.accepted ? "FOLLOWING" : "REQUESTED";
    },
    followsViewer: async (row, _, { loaders }) => (await loaders.rows("followsViewer", "follower_id").load(row.id)) !== null,
    posts: (row, { first }, { loaders }) => loaders.pages("postsOfAuthor", first).load(row.id),
    followers: (row, { first }, { loaders }) => loaders.pages("followersOfUser", first).load(row.id),
  },
  Post: {
    id: (row) => `post_${row.id}`,
    createdAt: (row) => row.created_at,
    author: (row, _, { loaders }) => user(row.author_id, loaders),
    comments: (row, { first, order }, { loaders }) =>
      loaders.pages(`commentsOfPost.${order}`, first, order).load(row.id),
  },
  Comment: {
    id: (row) => `comment_${row.id}`,
    createdAt: (row) => row.created_at,
    author: (row, _, { loaders }) => user(row.author_id, loaders),
    replies: (row, { first, order }, { loaders }) =>
      loaders.pages(`repliesOfComment.${order}`, first, order).load(row.id),
  },
  DateTime: asIs,
};

const typeDefs = readFileSync(new URL("../../schema.graphql", import.meta.url), "utf8");

export const schema = makeExecutableSchema({ typeDefs, resolvers });

/** What one request carries with it. Throws where nobody is signed in. */
export const context = ({ headers }) => ({ loaders: new Loaders(viewerOf(headers.authorization)) });
