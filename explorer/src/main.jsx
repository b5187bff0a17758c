import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./style.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createRoot } from "react-dom/client";

import { fetcher } from "./fetcher.js";
import { SessionBar } from "./SessionBar.jsx";
import { tabs } from "./tabs.js";

const plugins = [explorerPlugin(), HISTORY_PLUGIN];

createRoot(document.getElementById("explorer")).render(
  <>
    <SessionBar />
    <main>
      <GraphiQL fetcher={fetcher} plugins={plugins} defaultTabs={tabs} defaultEditorToolsVisibility="variables">
        {/* The name stands in the bar above; the tabs get the room. */}
        <GraphiQL.Logo>{null}</GraphiQL.Logo>
      </GraphiQL>
    </main>
  </>,
);
