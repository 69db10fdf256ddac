// How the page is built: into build/web, where muster-gateway serves it from.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const output = fileURLToPath(new URL("../../build/web", import.meta.url));

// Writes FILE.gz beside every file that is text: the gateway sends it as it is to browsers that take it.
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    closeBundle() {
      for (const folder of [output, `${output}/assets`]) {
        for (const entry of readdirSync(folder, { withFileTypes: true })) {
          if (!entry.isFile() || !/\.(html|js|css|svg)$/.test(entry.name)) continue;
          writeFileSync(`${folder}/${entry.name}.gz`, gzipSync(readFileSync(`${folder}/${entry.name}`), { level: 9 }));
        }
      }
    },
  };
}

export default defineConfig({
  plugins: [compressed()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  css: { preprocessorOptions: { scss: { loadPaths: ["node_modules"], quietDeps: true } } },
  build: {
    outDir: output,
    emptyOutDir: true,
    target: "es2021",
    // Everything is sent by the same origin: data: addresses would need a wider policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // For work on the page: `npm run dev`, beside a muster-gateway that carries the calls.
  server: {
    proxy: {
      "/muster.v1.": process.env["MUSTER_GATEWAY"] ?? "http://127.0.0.1:7480",
      "/export": process.env["MUSTER_GATEWAY"] ?? "http://127.0.0.1:7480",
    },
  },
});
