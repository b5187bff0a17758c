// Apollo Server on Fastify, with DataLoaders; without the plugins that nobody here needs.
import { ApolloServer } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import { context, schema } from "./graph.js";
import { application } from "./logged.js";
import { host, port } from "./settings.js";

const server = new ApolloServer({
  schema,
  introspection: false,
  plugins: [ApolloServerPluginCacheControlDisabled(), ApolloServerPluginLandingPageDisabled()],
});
await server.start();
const app = application();
app.post("/graphql", fastifyApolloHandler(server, { context: async (request) => context(request) }));
await app.listen({ port, host });
