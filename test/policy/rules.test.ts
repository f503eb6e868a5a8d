import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateStack, isRefused, unusedAcknowledgements } from '../../lib/policy/evaluate.ts';
import { parseStack } from '../../lib/policy/input/read-stack.ts';
import type { Rule } from '../../lib/policy/rule.ts';
import { rules } from '../../lib/policy/rules/index.ts';

const ids = [
  'certificate-lifetime',
  'client-certificate-as-server',
  'destroys-droplet-or-authority',
  'droplet-without-firewall',
  'file-not-read',
  'firewall-after-droplet',
  'gateway-host-rewrite',
  'gateway-route-outside-classes',
  'gateway-without-allowlist',
  'image-unsupported',
  'leaf-that-signs',
  'load-balancer-to-model-port',
  'model-port-exposed',
  'ollama-host-opened',
  'replaces-droplet-or-authority',
  'resource-not-judged',
  'secret-in-configuration',
  'secret-in-output',
  'secret-in-provisioner',
  'secret-in-user-data',
  'ssh-connection-without-host-key',
  'ssh-open-to-world',
  'undecidable-value',
  'unencrypted-state',
  'user-data-depends-on-certificate',
  'weak-key',
  'wide-inbound-range',
];

describe('the rules', () => {
  it('are these, and each is in the file of its name', () => {
    expect(rules.map(({ id }) => id)).toEqual(ids);
    const files = readdirSync(new URL('../../lib/policy/rules/', import.meta.url))
      .filter((file) => file !== 'index.ts')
      .map((file) => file.replace(/\.ts$/, ''));
    expect(files.sort()).toEqual(ids);
  });

  it('are errors but for those that say what could not be told', () => {
    expect(rules.filter(({ level }) => level === 'warning').map(({ id }) => id)).toEqual([
      'file-not-read',
      'resource-not-judged',
      'undecidable-value',
    ]);
  });

  it.each(rules)('$id says what is wrong and why it matters, apart', ({ title, why }) => {
    expect(title).toMatch(/^[a-z"'SO].{10,110}[^.]$/);
    expect(why).toMatch(/^[A-Z].{40,}\.$/);
  });

  it.each(rules)('$id is pure: it leaves the stack as it is, and says the same twice', (rule) => {
    const stack = parseStack('x', JSON.stringify(exposed));
    const circumstances = { modelPorts: [11_434], now: new Date('2026-11-25') };
    const before = JSON.stringify(stack);
    expect(rule.check(stack, circumstances)).toEqual(rule.check(stack, circumstances));
    expect(JSON.stringify(stack)).toBe(before);
  });
});

const exposed = {
  resource: {
    digitalocean_firewall: {
      web: {
        name: 'web',
        inbound_rule: [{ protocol: 'tcp', port_range: '11434', source_addresses: ['0.0.0.0/0'] }],
      },
    },
  },
};
const stack = parseStack('x', JSON.stringify(exposed));
const thrower: Rule = {
  id: 'thrower',
  level: 'warning',
  title: 'x',
  why: 'x',
  check: () => {
    throw new RangeError('no such thing');
  },
};

describe('a stack', () => {
  it('is refused for an error, and not for a warning', () => {
    const findings = evaluateStack(stack);
    expect(findings.map(({ rule }) => rule)).toEqual(['model-port-exposed']);
    expect(isRefused(findings)).toBe(true);
    expect(isRefused(findings.map((finding) => ({ ...finding, level: 'warning' as const })))).toBe(false);
  });

  it('is refused for a rule that throws, whatever its level, and the other rules run', () => {
    const findings = evaluateStack(stack, undefined, [], [thrower, ...rules]);
    expect(findings.map(({ rule, level }) => [rule, level])).toEqual([
      ['thrower', 'error'],
      ['model-port-exposed', 'error'],
    ]);
    expect(findings[0]?.problem).toContain('no such thing');
  });

  const reason = 'A test of this, decided by nobody at all.';
  it('is not refused where its findings are acknowledged, which are told all the same', () => {
    const one = { rule: 'model-port-exposed', resource: 'digitalocean_firewall.web', reason };
    const findings = evaluateStack(stack, undefined, [one]);
    expect(findings.map(({ acknowledged }) => acknowledged)).toEqual([reason]);
    expect(isRefused(findings)).toBe(false);
    expect(unusedAcknowledgements(findings, [one], 'x')).toEqual([]);
  });

  it.each([
    { rule: 'model-port-exposed', resource: 'digitalocean_firewall.we', reason },
    { rule: 'model-port-exposed', resource: 'digitalocean_firewall.web[0]', reason },
    { rule: 'wide-inbound-range', resource: 'digitalocean_firewall.web', reason },
  ])('is refused where $rule is acknowledged at $resource, which is then told as unused', (one) => {
    const findings = evaluateStack(stack, undefined, [one]);
    expect(isRefused(findings)).toBe(true);
    expect(unusedAcknowledgements(findings, [one], 'x').map(({ rule, level }) => [rule, level])).toEqual([
      ['unused-acknowledgement', 'warning'],
    ]);
  });
});
