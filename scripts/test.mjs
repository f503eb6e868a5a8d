// `npm test`. Only syntax that Node 12 can read, and nothing that is not there before the set-up: see setup/.
import { nodeVersionProblem, supportedNodeRange } from './setup/node-version.mjs';

const problem = nodeVersionProblem(process.versions.node, supportedNodeRange());
if (problem === undefined) {
  import('./test-run/test-command.mjs')
    .then((command) => command.test(process.argv.slice(2)))
    .then((exitCode) => (process.exitCode = exitCode));
} else {
  console.error(problem);
  process.exitCode = 2;
}
