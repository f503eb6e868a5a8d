import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { TestGateway } from '../../support/test-gateway.ts';
import { untilHolds } from './waiting.ts';

/** A line of the access log. */
export interface LogLine {
  readonly time: string;
  readonly remote_addr: string;
  readonly status: number;
  readonly request_uri: string;
  readonly request_time: number;
  readonly bytes_sent: number;
  readonly service: string;
  readonly client_verify: string;
  readonly tls_version: string;
  readonly method: string;
  readonly upstream_status: string;
  readonly upstream_time: string;
  readonly limit_req_status: string;
  readonly limit_conn_status: string;
  readonly request_id: string;
}

/** The most characters that a line shows of a path, and of a method. */
export const longestPath = 512;
const longestMethod = 32;

/** The fields in their order, and what each looks like. */
const fields: Readonly<Record<keyof LogLine, RegExp>> = {
  time: /^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"$/,
  remote_addr: /^"127\.\d+\.\d+\.\d+"$/,
  status: /^(0|[1-5]\d\d|9)$/,
  // Printable ASCII without a space, a query or a fragment, escaped as JSON.
  request_uri: /^"[!-~]*"$/,
  request_time: /^\d+(\.\d+)?$/,
  bytes_sent: /^\d+$/,
  service: /^"[a-z0-9-]*"$/,
  client_verify: /^"(|NONE|SUCCESS|FAILED:[ -~]+)"$/,
  tls_version: /^"(|TLSv1\.3)"$/,
  method: /^"[A-Z_-]*"$/,
  upstream_status: /^"(|-|\d{3})"$/,
  upstream_time: /^"(|-|\d+\.\d+)"$/,
  limit_req_status: /^"(|PASSED|REJECTED)"$/,
  limit_conn_status: /^"(|PASSED|REJECTED)"$/,
  request_id: /^"([0-9a-f]{32})"$/,
};

/**
 * Reads the access log, from a byte on, as strictly as the strictest reader would: UTF-8, JSON, each field once, in
 * its form.
 */
export async function readAccessLog(gateway: TestGateway, from = 0): Promise<LogLine[]> {
  const bytes = await bytesOf(gateway);
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(from));
  if (text === '') return [];
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).split('\n').map(readLine);
}

const bytesOf = (gateway: TestGateway): Promise<Buffer> => readFile(join(gateway.logDirectory, 'access.log'));

function readLine(line: string): LogLine {
  const parsed = JSON.parse(line) as Record<string, unknown>;
  expect(Object.keys(parsed), line).toEqual(Object.keys(fields));
  for (const [name, form] of Object.entries(fields)) expect(JSON.stringify(parsed[name]), line).toMatch(form);
  // Whatever a stranger sends, a line stays short.
  expect((parsed['request_uri'] as string).length, line).toBeLessThanOrEqual(longestPath);
  expect((parsed['method'] as string).length, line).toBeLessThanOrEqual(longestMethod);
  expect(line.length, line).toBeLessThanOrEqual(longestPath * 2 + 550);
  // JSON.parse keeps the last of two fields of one name.
  expect(line.match(/(?<=[{,])"[a-z_]+":/g), line).toHaveLength(Object.keys(fields).length);
  return parsed as unknown as LogLine;
}

/** Does something and returns the lines that the log has gained by it, once `enough` says so of them. */
export async function linesOf(
  gateway: TestGateway,
  action: () => Promise<unknown>,
  enough: (lines: readonly LogLine[]) => boolean = (lines) => lines.length > 0,
): Promise<LogLine[]> {
  const before = (await bytesOf(gateway)).length;
  await action();
  let lines: LogLine[] = [];
  await untilHolds(
    async () => {
      lines = await readAccessLog(gateway, before);
      return enough(lines);
    },
    'a line of the log',
    () => JSON.stringify(lines),
  );
  return lines;
}
