import type { ProbeContext } from './context.ts';
import { isReply } from './http.ts';
import { localHost, ollamaEvidence, ollamaPaths } from './recognise.ts';
import { hostHeader, type PortScan } from './scan.ts';

/** An Ollama that answers without authentication. */
export interface ExposedOllama {
  readonly port: number;
  readonly seen: string;
}

async function lookAt(
  context: ProbeContext,
  scan: PortScan,
  tls: boolean,
): Promise<ExposedOllama | undefined> {
  const { port } = scan.report;
  const hosts = [hostHeader(context.target, port, tls), localHost];
  const answers = await Promise.all(
    hosts.flatMap((host) =>
      ollamaPaths.map(async (path) => {
        const outcome = await context.ask({ port, tls, path, hostHeader: host });
        const evidence = isReply(outcome) ? ollamaEvidence(path, outcome) : undefined;
        return evidence === undefined ? undefined : { path, host, evidence };
      }),
    ),
  );
  const served = answers.filter((answer) => answer !== undefined);
  // Many programs tell a version at /api/version, Open WebUI among them: alone it shows no Ollama.
  if (served.every((answer) => answer.path.endsWith('/version'))) return undefined;
  const first = served.find((answer) => answer.host !== localHost) ?? served[0];
  if (first === undefined) return undefined;
  const same = served.filter((answer) => answer.host === first.host);
  const telling = same.find((answer) => answer.path.endsWith('/tags')) ?? first;
  const how = first.host === localHost ? `, to anyone who sends "Host: ${localHost}"` : '';
  const paths = same.map((answer) => answer.path).join(', ');
  return {
    port,
    seen: `${tls ? 'over TLS' : 'in clear'}${how}: ${telling.path} tells ${telling.evidence}; answered: ${paths}`,
  };
}

/** Asks every open port that speaks HTTP for Ollama's paths, without a certificate, once per probe. */
export function exposedOllamas(context: ProbeContext): Promise<ExposedOllama[]> {
  return context.once('exposed-ollamas', async () => {
    const found = await Promise.all(
      context.scans.flatMap((scan) => [
        ...(scan.plain !== undefined && isReply(scan.plain) ? [lookAt(context, scan, false)] : []),
        ...(scan.secure !== undefined && isReply(scan.secure) ? [lookAt(context, scan, true)] : []),
      ]),
    );
    const byPort = new Map(
      found.filter((ollama) => ollama !== undefined).map((ollama) => [ollama.port, ollama]),
    );
    return [...byPort.values()];
  });
}
