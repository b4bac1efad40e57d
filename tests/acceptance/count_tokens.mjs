// Tokens (o200k). Of requests that a stand-in kept: all, then those of tools, system texts and messages, a line each FILE.
// With --texts: of each {"id", "text"} in FILE, a line each. The tokenizer is found from the folder NODE_TOOLS.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.NODE_TOOLS}/`);
const { Tiktoken } = require("js-tiktoken/lite");
const encoder = new Tiktoken(require("js-tiktoken/ranks/o200k_base"));

const count = (text) => encoder.encode(text, [], []).length;
const texts = (content) =>
  typeof content === "string" ? [content] : (content ?? []).map((block) => block.text ?? JSON.stringify(block));
const sum = (all) => all.reduce((total, text) => total + count(text), 0);

const ofRequest = ({ tools, system, messages }) => {
  const parts = [sum(tools.map((tool) => JSON.stringify(tool))), sum(texts(system)), sum(messages.flatMap(({ content }) => texts(content)))];
  return [parts.reduce((total, part) => total + part, 0), ...parts].join(" ");
};
const isTexts = process.argv[2] === "--texts";
for (const file of process.argv.slice(isTexts ? 3 : 2)) {
  const text = readFileSync(file, "utf8");
  if (!isTexts) console.log(ofRequest(JSON.parse(text)));
  for (const line of isTexts ? text.split("\n").filter(Boolean) : []) {
    const one = JSON.parse(line);
    console.log(`${one.id} ${count(one.text)} tokens: ${one.text.split("\n")[0].slice(0, 90)}`);
  }
}
