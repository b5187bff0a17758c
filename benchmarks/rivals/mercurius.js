// Mercurius with its JIT, and DataLoaders.
import mercurius from "mercurius";
import { context, schema } from "./graph.js";
import { application } from "./logged.js";
import { host, port } from "./settings.js";

const app = application();
app.register(mercurius, { schema, context, jit: 1, graphiql: false });
await app.listen({ port, host });
