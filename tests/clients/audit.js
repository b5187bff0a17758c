// Audits a server with graphql-http's own suite: node audit.js http://localhost:8000/graphql
import { auditServer } from "graphql-http";

const [url] = process.argv.slice(2);
const audits = await auditServer({ url, fetchFn: fetch });
const results = await Promise.all(
  audits.map(async ({ id, name, status, reason, response }) => ({
    id,
    name,
    status,
    reason,
    response: response && `${response.status} ${response.headers.get("content-type")}`,
  })),
);
console.log(JSON.stringify(results));
