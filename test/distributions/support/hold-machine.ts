import { bootRoot, enterRoot } from './machine.ts';

// Makes a machine, prints the host's path of its root and keeps it until it is killed: `hold-machine.ts enter|boot ROOT`.
const [how, root = ''] = process.argv.slice(2);
const machine = await (how === 'boot' ? bootRoot(root) : enterRoot(root));
await machine.output(['sh', '-c', 'sleep 1000 >/dev/null 2>&1 &']);
console.log(machine.hostPath('/'));
setInterval(() => undefined, 1_000);
