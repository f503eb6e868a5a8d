import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ScriptedReply } from '../../support/recording-upstream.ts';
import type { TestGateway } from '../../support/test-gateway.ts';
import type { ClientRequest } from './client.ts';

/** Stands in every place of a request that no log may show, followed by the name of the place. */
const mark = `secret${randomBytes(8).toString('hex')}`;
export const secret = (place: string): string => `${mark}-${place}`;

export const secretQuery = `?api_key=${secret('query')}&prompt=${secret('prompt-in-query')}#${secret('fragment')}`;

export const secretHeaders: Readonly<Record<string, string>> = {
  authorization: `Bearer ${secret('authorization')}`,
  'proxy-authorization': `Basic ${secret('proxy-authorization')}`,
  cookie: `session=${secret('cookie')}`,
  referer: `https://review.test/${secret('referer')}`,
  origin: `https://${secret('origin')}.test`,
  'user-agent': secret('user-agent'),
  'x-api-key': secret('api-key'),
  'x-request-id': secret('request-id'),
  'x-service-name': secret('service-name'),
  'x-forwarded-for': secret('forwarded-for'),
  'content-type': `application/json; note=${secret('content-type')}`,
  accept: `application/json; note=${secret('accept')}`,
};

export const secretBody = JSON.stringify({ model: 'm', prompt: secret('body') });

/** A request with a secret in its query, its fragment, its headers and, unless it is a GET, its body. */
export function secretRequest(path: string, method = 'POST'): ClientRequest {
  return {
    method,
    path: path + secretQuery,
    headers: secretHeaders,
    ...(method === 'POST' ? { body: secretBody } : {}),
  };
}

/** What the model answers is as secret as what it was asked. */
export const secretReply: ScriptedReply = {
  headers: [
    ['Content-Type', 'application/json'],
    ['Set-Cookie', `session=${secret('set-cookie')}`],
    ['X-Answer', secret('answer-header')],
  ],
  body: JSON.stringify({ response: secret('answer') }),
};

/** Where each log ended at some time. */
export type LogEnds = Readonly<Record<string, number>>;

export async function logEnds(gateway: TestGateway): Promise<LogEnds> {
  const files = await readdir(gateway.logDirectory);
  const sizes = files.map(async (file) => (await stat(join(gateway.logDirectory, file))).size);
  return Object.fromEntries((await Promise.all(sizes)).map((size, index) => [files[index] ?? '', size]));
}

/** There are the two logs and no other file, and none of them has a secret in any of its bytes, from `ends` on. */
export async function expectNoSecretIn(gateway: TestGateway, ends: LogEnds = {}): Promise<void> {
  const files = await readdir(gateway.logDirectory);
  expect(files.sort()).toEqual(['access.log', 'error.log']);
  for (const file of files) {
    const text = (await readFile(join(gateway.logDirectory, file))).toString('latin1');
    expect(text.length, file).toBeGreaterThan(0);
    const leaks = text
      .slice(ends[file] ?? 0)
      .split('\n')
      .filter((line) => line.toLowerCase().includes(mark));
    expect(leaks, `${file} shows a secret`).toEqual([]);
  }
}
