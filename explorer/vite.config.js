import { defineConfig } from "vite";

export default defineConfig({
  // transport/explorer.py serves the page at /graphql and the hashed files below this path.
  base: "/explorer/",
  worker: { format: "es" },
  build: {
    target: "es2022",
    // Whoever ships the built files ships their licences along with them.
    license: { fileName: "licenses.md" },
    // The editor is one large module; one cached download serves it better than many small ones.
    chunkSizeWarningLimit: 8000,
    rolldownOptions: {
      onwarn(warning, warn) {
        // "use client" means something to server-rendered React only.
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
  },
});
