import { resolve } from 'node:path';
import { Command } from 'commander';
import { pkiCommandText } from '../messages/pki-command.ts';
import { exists, writeCertificate } from '../pki/files.ts';
import { maximumGeneration } from '../pki/identity.ts';
import { ensureKey } from '../pki/leaf.ts';
import { makeRequest } from '../pki/request.ts';
import { parseNumber, parseService, parseStack, print } from './pki-options.ts';

interface RequestOptions {
  readonly stack: string;
  readonly generation: number;
  readonly out?: string;
  readonly key?: string;
  readonly json: boolean;
}

/** `hardening pki request`. */
export function requestCommand(): Command {
  return new Command('request')
    .argument('<service>', 'the service', parseService)
    .summary("make a key and a certificate request on a service's host")
    .description(
      'Makes a P-256 key (0600) unless it is there, and a request for a certificate of exactly this identity, as ' +
        'hardening pki sign and services.NAME.csr take it. Hand in the request; the key stays here. A new generation ' +
        'is to have a new key.',
    )
    .requiredOption('--stack <name>', 'the stack', parseStack)
    .option('--generation <number>', 'the generation', parseNumber(maximumGeneration), 1)
    .option('--out <file>', 'the request; by default SERVICE-GENERATION.csr.pem')
    .option('--key <file>', 'the key; by default SERVICE-GENERATION.key')
    .option('--json', 'print JSON', false)
    .addHelpText('after', '\nExit codes: 0 made, 2 bad input or not possible.')
    .action(request);
}

async function request(service: string, options: RequestOptions): Promise<void> {
  const { stack, generation } = options;
  const name = `${service}-${generation}`;
  const paths = {
    key: resolve(options.key ?? `${name}.key`),
    request: resolve(options.out ?? `${name}.csr.pem`),
  };
  const isNew = !exists(paths.key);
  const key = await ensureKey(paths.key);
  writeCertificate(paths.request, makeRequest({ stack, service, generation }, key), { overwrite: true });
  print(options, { ...paths, isNewKey: isNew }, pkiCommandText.requestMade(paths.request, paths.key, isNew));
}
