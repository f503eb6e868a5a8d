import { Command } from 'commander';

const program = new Command('hardening');
await program.parseAsync();
