import { measureFirstToken } from './measure/first-token.ts';
import { readCircumstances } from './measure/circumstances.ts';
import { measureCrl } from './measure/crl.ts';
import { measureInstructions } from './measure/instructions.ts';
import { policyParts } from './measure/policy-parts.ts';
import { measureReload } from './measure/reload.ts';
import { measureRenderTime } from './measure/render-time.ts';
import { startStreamingUpstream } from './measure/streaming-upstream.ts';
import { compare, inference, measureThroughput, reading, type Throughput } from './measure/throughput.ts';
import { measureTimeToVerdict } from './measure/time-to-verdict.ts';
import {
  direct,
  startCheapUpstream,
  startHaproxyVariant,
  startNginxVariant,
  variantOf,
  type Variant,
} from './measure/variants.ts';
import type { LoadGenerator } from './load/load-generator.ts';
import type { Effort } from './options.ts';
import { variantNames as names, type BenchResults, type PolicyPartCost } from './results.ts';
import { nginxWithoutPolicy, usualGuide } from './servers/configurations.ts';
import { startBenchGateway, stackOf, type StackInput, type Variation } from './servers/gateway.ts';
import { pin } from './servers/processors.ts';
import type { Site } from './servers/site.ts';

export const identityCounts = [1, 100, 10_000] as const;
const reloadCounts = [1, 10, 1_000, 10_000] as const;
const crlCounts = [0, 10_000] as const;
const serviceCounts = [1, 100, 1_000, 10_000] as const;
const connections = 32;
const warmUpMs = 80;
const tokens = 5;
const tokenGapMs = 4;

/** Measures everything, one thing after another. */
export async function runBench(
  site: Site,
  generator: LoadGenerator,
  effort: Effort,
  progress: (what: string) => void,
): Promise<BenchResults> {
  await pin(process.pid, site.processors.generator);
  const circumstances = await readCircumstances(site);
  progress('render time');
  const renders = serviceCounts.map((services) => measureRenderTime(services, effort.renders));
  progress('first token');
  const firstToken = await runFirstToken(site, effort);
  const upstream = await startCheapUpstream(site);
  progress('requests per second');
  const throughput = await runThroughput(site, generator, upstream, effort);
  progress('what each part of the policy costs');
  const parts = await runParts(site, generator, upstream, effort);
  progress('instructions');
  const instructions = effort.countsInstructions ? await measureInstructions(site, upstream) : undefined;
  progress('reloads');
  const reloads = [];
  for (const identities of reloadCounts) {
    reloads.push(await measureReload(site, identities, upstream, effort.reloads));
  }
  progress('CRLs');
  const crls = [];
  for (const entries of crlCounts) crls.push(await measureCrl(site, entries, upstream, effort.reloads));
  progress('time to verdict');
  const verdict = await measureTimeToVerdict(site, effort.verdicts).catch((error: unknown) => String(error));

  const of = (variant: string): Throughput => find(throughput, variant, inference.name);
  const one = of(names.gateway(1));
  return {
    circumstances,
    throughput,
    ratios: throughput.map((measured) => ({
      variant: measured.variant,
      workload: measured.workload,
      toBare: compare(measured, find(throughput, names.bare, measured.workload)),
    })),
    toHaproxy: throughput.some(({ variant }) => variant === names.haproxy)
      ? compare(one, of(names.haproxy))
      : undefined,
    manyToOne: compare(of(names.gateway(10_000)), one),
    parts,
    instructions,
    firstToken,
    reloads,
    crls,
    renders,
    verdict,
  };
}

function find(all: readonly Throughput[], variant: string, workload: string): Throughput {
  const found = all.find((one) => one.variant === variant && one.workload === workload);
  if (found === undefined) throw new Error(`${variant} was not measured`);
  return found;
}

async function runFirstToken(site: Site, effort: Effort): ReturnType<typeof measureFirstToken> {
  const upstream = await startStreamingUpstream(tokens, tokenGapMs);
  try {
    const variants = [
      { ...direct(upstream.port), name: names.direct },
      await startNginxVariant(site, 'streaming-bare', nginxWithoutPolicy, upstream.port, names.bare),
      await startHaproxyVariant(site, 'streaming-haproxy', upstream.port, names.haproxy),
      await gatewayVariant(site, names.gateway(1), stackOf(1), upstream.port, {}, 'streaming-gateway'),
      await startNginxVariant(site, 'streaming-guide', usualGuide, upstream.port, names.guide),
    ].filter((variant) => variant !== undefined);
    return await measureFirstToken(upstream, variants, tokens, effort.streams);
  } finally {
    await upstream.close();
  }
}

async function runThroughput(
  site: Site,
  generator: LoadGenerator,
  upstream: number,
  { rounds, durationMs }: Effort,
): Promise<Throughput[]> {
  const gateways: Variant[] = [];
  for (const count of identityCounts) {
    gateways.push(await gatewayVariant(site, names.gateway(count), stackOf(count), upstream));
  }
  const noLog = policyParts.find(({ name }) => name === 'the access log');
  const variants = [
    { ...direct(upstream), name: names.direct },
    await startNginxVariant(site, 'bare', nginxWithoutPolicy, upstream, names.bare),
    await startHaproxyVariant(site, 'haproxy', upstream, names.haproxy),
    ...gateways,
    await gatewayVariant(site, names.unbuffered, stackOf(1, { accessLogBufferKiB: 0 }), upstream),
    await gatewayVariant(site, names.noLog, stackOf(1), upstream, noLog && { tree: noLog.without }),
    await startNginxVariant(site, 'guide', usualGuide, upstream, names.guide),
  ].filter((variant) => variant !== undefined);
  const shape = { connections, warmUpMs, durationMs };
  return [
    ...(await measureThroughput(generator, variants, inference, { rounds, ...shape })),
    ...(await measureThroughput(generator, variants, reading, { rounds: Math.ceil(rounds / 3), ...shape })),
  ];
}

async function runParts(
  site: Site,
  generator: LoadGenerator,
  upstream: number,
  { partRounds, durationMs }: Effort,
): Promise<PolicyPartCost[]> {
  const bare = await startNginxVariant(site, 'parts-bare', nginxWithoutPolicy, upstream, names.bare);
  const whole = await gatewayVariant(site, 'parts-whole', stackOf(1), upstream);
  const variants = [bare, whole];
  for (const [index, { name, without }] of policyParts.entries()) {
    variants.push(await gatewayVariant(site, name, stackOf(1), upstream, { tree: without }, `part-${index}`));
  }
  const measured = await measureThroughput(generator, variants, inference, {
    rounds: partRounds,
    connections,
    warmUpMs,
    durationMs,
  });
  const of = (name: string): Throughput => find(measured, name, inference.name);
  return policyParts.map(({ name }) => {
    const ratio = compare(of(name), of(whole.name)).cpu?.median ?? NaN;
    return { part: name, shareOfCpu: 1 - 1 / ratio, toBare: compare(of(name), of(bare.name)) };
  });
}

async function gatewayVariant(
  site: Site,
  name: string,
  stack: StackInput,
  upstream: number,
  variation: Variation = {},
  folder: string = name.replaceAll(/\W+/g, '-'),
): Promise<Variant> {
  const gateway = await startBenchGateway(site, folder, stack, upstream, variation);
  return variantOf(site, name, gateway, '/ollama');
}
