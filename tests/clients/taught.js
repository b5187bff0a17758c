// The code of docs/live.md, checked by the TypeScript compiler as it stands there, and compiled.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const here = dirname(fileURLToPath(import.meta.url));
const document = readFileSync(join(here, "../../docs/live.md"), "utf8");
const place = join(here, `node_modules/.taught/${process.pid}`); // from where it finds the packages it imports

const files = new Map([...document.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [name, text]));
mkdirSync(place, { recursive: true });
for (const [name, text] of files) writeFileSync(join(place, name), text);

const program = ts.createProgram(
  [...files.keys()].filter((name) => name.endsWith(".ts")).map((name) => join(place, name)),
  {
    strict: true,
    noUnusedLocals: true,
    noEmitOnError: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.asynciterable.d.ts"],
    types: [],
    skipLibCheck: true,
  },
);
const complaints = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
if (complaints.length) throw new Error(ts.formatDiagnostics(complaints, ts.createCompilerHost({})));
writeFileSync(join(place, "package.json"), '{ "type": "module" }');

export const operations = files.get("feed.graphql");
export const { reduce } = await import(join(place, "reducer.js"));
export const { follow } = await import(join(place, "follow.js"));
export const { connect } = await import(join(place, "client.js"));
