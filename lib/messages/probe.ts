import { UserError } from './user-error.ts';

/** What can be wrong with what a user gives to the probe. */
export const probeErrors = {
  badPort: (option: string, value: string): UserError =>
    new UserError(
      `${option} is ${JSON.stringify(value)}`,
      'Give a TCP port, a whole number from 1 to 65535.',
    ),
  badTime: (value: string): UserError =>
    new UserError(
      `--timeout-ms is ${JSON.stringify(value)}`,
      'Give milliseconds, a whole number from 100 to 5000: the whole probe ends within 10 s.',
    ),
  samePorts: (port: number): UserError =>
    new UserError(
      `the TLS port and the plain port are both ${port}`,
      "Give the gateway's TLS listener with --port and its plain listener with --plain-port.",
    ),
  badName: (option: string, value: string): UserError =>
    new UserError(
      `${option} is ${JSON.stringify(value)}`,
      'Give a DNS name such as gateway.example.com, or an IP address, without a scheme, a port or a path.',
    ),
  unknownHost: (host: string, code: string): UserError =>
    new UserError(
      `no address was found for ${JSON.stringify(host)} (${code})`,
      'Check the name, or give an IP address.',
    ),
  unreadableFile: (option: string, path: string, code: string): UserError =>
    new UserError(
      `${option}: ${path} cannot be read (${code})`,
      'Give the path of a PEM file that you may read.',
    ),
  notCertificate: (option: string, path: string): UserError =>
    new UserError(
      `${option}: ${path} holds no certificate in PEM form`,
      'Give a file that begins with -----BEGIN CERTIFICATE-----.',
    ),
  notKey: (path: string): UserError =>
    new UserError(
      `--key: ${path} holds no private key that can be used`,
      'Give a PEM file with a private key that has no passphrase.',
    ),
  keyMismatch: (cert: string, key: string): UserError =>
    new UserError(
      `the key in ${key} is not that of the certificate in ${cert}`,
      'Give the two files of one identity.',
    ),
  halfIdentity: (given: '--cert' | '--key'): UserError =>
    new UserError(
      `${given} is given without ${given === '--cert' ? '--key' : '--cert'}`,
      'Give both files of the client identity, or neither.',
    ),
  modelWithoutIdentity: (): UserError =>
    new UserError(
      '--model is given without a client identity',
      'Give --cert and --key as well: the stream is asked for through the gateway.',
    ),
  badModel: (value: string): UserError =>
    new UserError(
      `--model is ${JSON.stringify(value)}`,
      "Give a model's name as Ollama lists it, for example qwen2.5-coder:7b.",
    ),
  badAcknowledgement: (value: string): UserError =>
    new UserError(
      `--acknowledge is ${JSON.stringify(value)}`,
      'Give the id of a finding and the reason: --acknowledge no-post-quantum-key-exchange="OpenSSL 3.0 of debian-12".',
    ),
  unknownFinding: (id: string, nearest: string): UserError =>
    new UserError(`--acknowledge: there is no finding ${JSON.stringify(id)}`, `Did you mean ${nearest}?`),
};
