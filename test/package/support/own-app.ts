import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StackInput } from '../../support/test-gateway.ts';
import { typeRoots } from './installed-package.ts';

const ownApp = `import { TlsProvider } from '@cdktf/provider-tls/lib/provider/index.js';
import { App, TerraformStack } from 'cdktf';
import { HardenedOllama, parseConfig } from 'review-hardening-kit/constructs';
import configuration from './hardening.config.js';

const { stacks } = parseConfig(configuration, 'hardening.config.ts');
const stack = new TerraformStack(new App(), 'reviews');
new TlsProvider(stack, 'tls');
new HardenedOllama(stack, 'ollama', { stackName: 'reviews', stack: stacks['reviews']! });
(stack.node.root as App).synth();
`;

/** Writes a project's hardening.config.ts. */
export async function writeConfiguration(
  project: string,
  stacks: Readonly<Record<string, StackInput>>,
): Promise<void> {
  const configuration = JSON.stringify({ stacks }, undefined, 2);
  await writeFile(
    join(project, 'hardening.config.ts'),
    `import { defineConfig } from 'review-hardening-kit';\n\nexport default defineConfig(${configuration});\n`,
  );
}

/** Writes an app of cdktf with the stack `reviews` of the configuration, and what compiles it to out/own-app.js. */
export async function writeOwnApp(project: string): Promise<void> {
  await writeFile(join(project, 'own-app.ts'), ownApp);
  const compilerOptions = {
    ...{ target: 'ES2023', module: 'NodeNext', strict: true, outDir: 'out' },
    ...{ skipLibCheck: false, types: ['node'], typeRoots: [typeRoots] },
  };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
}
