// One module, no chunks: the page refers to it by a name that carries its digest, so nothing may refer to a second file.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  publicDir: false,
  logLevel: "warn",
  build: {
    outDir: "../src/allegiance/web/static/built",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    sourcemap: false,
    reportCompressedSize: false,
    license: { fileName: "LICENSES.md" },
    rolldownOptions: {
      input: "src/main.ts",
      output: { format: "es", entryFileNames: "workbench.js", codeSplitting: false },
    },
  },
});
