// PostGraphile on the same tables: its own SQL, row-level security for what the viewer may see.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { connection, host, port } from "./settings.js";
import { viewerOf } from "./viewer.js";

const { ROLE: role } = process.env;

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      connectionString: connection.connectionString,
      schemas: ["public"],
      poolConfig: { max: connection.max, options: "-c timezone=UTC -c jit=off -c statement_timeout=5000" },
    }),
  ],
  grafserv: { port, graphqlPath: "/graphql", graphiql: false, watch: false },
  grafast: {
    explain: false,
    context: ({ node }) => ({ pgSettings: { role, "viewer.id": viewerOf(node.req.headers.authorization) } }),
  },
};

const server = createServer();
const instance = postgraphile(preset).createServ(grafserv);
await instance.addTo(server);
server.listen(port, host);
