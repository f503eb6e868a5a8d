import { fail, finding, pass, skipped, unknown, type Check } from '../check.ts';
import { exposedOllamas } from '../exposed-ollama.ts';
import { usualPorts } from '../scan.ts';
import type { FindingSeed } from '../types.ts';

/** Which of the usual ports answer besides the gateway's own. */
export const openPorts: Check = {
  id: 'open-ports',
  title: 'Nothing but the gateway answers',
  area: 'stranger',
  needs: 'nothing',
  run: async (context) => {
    const reports = context.scans.map((scan) => scan.report);
    if (reports.every((report) => report.state === 'filtered')) {
      return unknown('every port is filtered: nothing can be said about this machine from here');
    }
    const exposed = new Set((await exposedOllamas(context)).map((ollama) => ollama.port));
    const findings: FindingSeed[] = [];
    const { otherAddresses } = context.target;
    const records =
      otherAddresses.length === 0 ? [] : [finding('other-addresses', otherAddresses.join(', '))];
    for (const report of reports) {
      if (report.state !== 'open') continue;
      const { port, service, role, seen } = report;
      if (service === 'open-webui') findings.push(finding('open-webui-reachable', seen, port));
      else if (service === 'livereview') findings.push(finding('livereview-reachable', seen, port));
      else if (role !== 'other' || exposed.has(port)) continue;
      else if (port === 11434) findings.push(finding('ollama-port-reachable', seen, port));
      else findings.push(finding('unexpected-port', seen, port));
    }
    const numbers = (state: string): string =>
      reports
        .filter((report) => report.role === 'other' && report.state === state)
        .map((report) => report.port)
        .sort((a, b) => a - b)
        .join(' ');
    const parts = [
      ...(['open', 'closed', 'filtered'] as const)
        .map((state) => [state, numbers(state)] as const)
        .filter(([, list]) => list !== '')
        .map(([state, list]) => `${state}: ${list}`),
    ];
    if (findings.length > 0) return fail(parts.join('; '), [...findings, ...records]);
    if (context.target.onlyGateway) {
      return { ...skipped(`--only-gateway: ${usualPorts.length} other ports not tried`), findings: records };
    }
    return pass(parts.join('; '), records);
  },
};
