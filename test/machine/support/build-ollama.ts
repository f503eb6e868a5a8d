import { ollamaProgram, reasonForNoOllama } from './ollama-program.ts';

// Builds Ollama, where it is not built yet, and prints its path:
//   OLLAMA_BIN=$(npx tsx test/machine/support/build-ollama.ts) npm test
const reason = reasonForNoOllama();
if (reason === undefined) {
  // What it says on its way is no part of the path.
  console.log = console.error;
  process.stdout.write(`${await ollamaProgram()}\n`);
} else {
  console.error(`Ollama cannot be built here: ${reason}`);
  process.exitCode = 1;
}
