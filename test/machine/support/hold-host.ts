import { spawn } from 'node:child_process';
import { bootHost } from './host.ts';

// Boots a machine, starts a program outside of it, prints the process ids of both, and keeps them until it is killed.
const host = await bootHost('trixie');
const [, , pid = ''] = host.machine.hostPath('/').split('/');
console.log(pid);
// The host's /proc is still the one that is mounted.
const printsItsPid = 'read -r pid _ </proc/self/stat; echo "$pid"; exec sleep 1000';
const [program = '', ...parameters] = host.machine.fromOutside(['sh', '-c', printsItsPid]);
spawn(program, parameters, { stdio: ['ignore', 'inherit', 'inherit'] });
