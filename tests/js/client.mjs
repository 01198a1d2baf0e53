// Generates a client from the contract into a folder, compiles it with a program that uses it (`reader.ts`),
// and runs that against a server. Answers what the compiler says, and what the program has read.

import { copyFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { createClient } from "@hey-api/openapi-ts"
import ts from "typescript"
import { answer, input } from "./page.mjs"

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const { contract, folder, address, key } = input
const source = join(folder, "source")
const compiled = join(folder, "compiled")
await createClient({
  input: contract,
  output: { path: source, tsConfigPath: here("tsconfig.json") },
  plugins: ["@hey-api/client-fetch", "@hey-api/sdk", "@hey-api/typescript"],
  logs: { level: "silent" },
})
copyFileSync(here("reader.ts"), join(source, "reader.ts"))
writeFileSync(join(folder, "package.json"), '{"type": "module"}')

const { compilerOptions } = ts.readConfigFile(here("tsconfig.json"), ts.sys.readFile).config
const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, folder)
const program = ts.createProgram(
  ["reader.ts", "index.ts"].map((name) => join(source, name)),
  { ...options, rootDir: source, outDir: compiled },
)
const faults = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics].map(
  ({ file, messageText }) => `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
)
const { read } = faults.length ? { read: () => null } : await import(pathToFileURL(join(compiled, "reader.js")))
answer({ faults, read: await read(address, key) })
