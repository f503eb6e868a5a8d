import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unusedAcknowledgement, type Finding } from './evaluate.ts';
import type { Rule } from './rule.ts';

const schema = 'https://json.schemastore.org/sarif-2.1.0.json';

/** The findings as SARIF 2.1.0 (OASIS), which code hosts show beside a change. One run, whatever the number of stacks. */
export function sarifOf(findings: readonly Finding[], rules: readonly Rule[], version: string): unknown {
  const ids = [...rules.map(({ id }) => id), unusedAcknowledgement];
  return {
    $schema: schema,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'hardening policy',
            semanticVersion: version,
            rules: [
              ...rules.map(({ id, level, title, why }) => ({
                id,
                shortDescription: { text: title },
                fullDescription: { text: why },
                defaultConfiguration: { level },
              })),
              {
                id: unusedAcknowledgement,
                shortDescription: { text: 'an acknowledgement covers nothing' },
                fullDescription: { text: 'It would cover the next finding of its rule unread.' },
                defaultConfiguration: { level: 'warning' },
              },
            ],
          },
        },
        results: findings.map((finding) => ({
          ruleId: finding.rule,
          ruleIndex: ids.indexOf(finding.rule),
          level: finding.level,
          message: { text: `${finding.resource}: ${finding.problem}. Fix: ${finding.fix}.` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: {
                  uri: isAbsolute(finding.stack)
                    ? pathToFileURL(finding.stack).href
                    : encodeURI(finding.stack),
                },
                region: { startLine: 1 },
              },
              logicalLocations: [{ fullyQualifiedName: finding.resource, kind: 'resource' }],
            },
          ],
          ...(finding.acknowledged === undefined
            ? {}
            : {
                suppressions: [{ kind: 'inSource', status: 'accepted', justification: finding.acknowledged }],
              }),
        })),
      },
    ],
  };
}
