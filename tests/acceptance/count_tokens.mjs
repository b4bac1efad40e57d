// Tokens (o200k) of what a stand-in kept: the tools, system texts and messages of each request in FILE…, a line each.
// The tokenizer is found from the folder NODE_TOOLS.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.NODE_TOOLS}/`);
const { Tiktoken } = require("js-tiktoken/lite");
const encoder = new Tiktoken(require("js-tiktoken/ranks/o200k_base"));

const count = (text) => encoder.encode(text, [], []).length;
const texts = (content) =>
  typeof content === "string" ? [content] : (content ?? []).map((block) => block.text ?? JSON.stringify(block));
const sum = (all) => all.reduce((total, text) => total + count(text), 0);

for (const file of process.argv.slice(2)) {
  const { tools, system, messages } = JSON.parse(readFileSync(file, "utf8"));
  const parts = [sum(tools.map((tool) => JSON.stringify(tool))), sum(texts(system)), sum(messages.flatMap(({ content }) => texts(content)))];
  console.log([parts.reduce((total, part) => total + part, 0), ...parts].join(" "));
}
