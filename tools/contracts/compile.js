// Compiles the contracts of pipelines/demo: node compile.js SOURCES OUTPUT (tools/compile_contracts.sh runs it).
"use strict";
const { createHash } = require("crypto");
const fs = require("fs");
const path = require("path");
const solc = require("solc");

const [folder, output] = process.argv.slice(2);
const names = fs.readdirSync(folder).filter((name) => name.endsWith(".sol")).sort();
const contents = names.map((name) => fs.readFileSync(path.join(folder, name)));
// Without metadata, so that a changed comment does not change the code; an EVM that every chain of ours has.
const settings = {
  evmVersion: "paris",
  optimizer: { enabled: true, runs: 200 },
  metadata: { appendCBOR: false, bytecodeHash: "none" },
};
const input = {
  language: "Solidity",
  sources: Object.fromEntries(names.map((name, at) => [name, { content: contents[at].toString("utf8") }])),
  settings: { ...settings, outputSelection: { "*": { "*": ["evm.bytecode.object"] } } },
};
const compiled = JSON.parse(solc.compile(JSON.stringify(input)));
if (compiled.errors) {
  console.error(compiled.errors.map((error) => error.formattedMessage).join("\n"));
  process.exit(1);
}
const created = Object.values(compiled.contracts)
  .flatMap((contracts) => Object.entries(contracts))
  .map(([name, contract]) => [name, contract.evm.bytecode.object])
  .filter(([, code]) => code !== "");
const digest = (content) => createHash("sha256").update(content).digest("hex");
const result = {
  compiler: "solc " + solc.version(),
  settings,
  source_sha256: Object.fromEntries(names.map((name, at) => [name, digest(contents[at])])),
  creation_code: Object.fromEntries(created.map(([name, code]) => [name, "0x" + code])),
};
fs.writeFileSync(output, JSON.stringify(result, null, 2) + "\n");
