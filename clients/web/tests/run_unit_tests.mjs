// Runs the tests of the page that need no browser: tests/*_test.ts, each made into one file that node can run.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL(".", import.meta.url));
const made = mkdtempSync(join(tmpdir(), "muster-web-tests-"));
const names = readdirSync(folder).filter((name) => name.endsWith("_test.ts"));
try {
  await build({
    entryPoints: names.map((name) => join(folder, name)),
    bundle: true,
    platform: "node",
    format: "esm",
    outdir: made,
    outExtension: { ".js": ".mjs" },
    logLevel: "warning",
  });
  const files = names.map((name) => join(made, name.replace(/\.ts$/, ".mjs")));
  process.exitCode = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(made, { recursive: true });
}
