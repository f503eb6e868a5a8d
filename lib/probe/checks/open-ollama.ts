import { fail, finding, pass, unknown, type Check } from '../check.ts';
import { exposedOllamas } from '../exposed-ollama.ts';
import { ollamaPaths } from '../recognise.ts';

/** Whether an Ollama answers anyone, on any port, in clear or over TLS. */
export const openOllama: Check = {
  id: 'open-ollama',
  title: 'No Ollama is open to everyone',
  area: 'stranger',
  needs: 'nothing',
  run: async (context) => {
    const open = context.scans.filter((scan) => scan.report.state === 'open');
    if (open.length === 0) {
      const filtered = context.scans.some((scan) => scan.report.state === 'filtered');
      const states = filtered ? 'no port is open from here, and some are filtered' : 'every port is closed';
      return filtered ? unknown(states) : pass(states);
    }
    const exposed = await exposedOllamas(context);
    if (exposed.length > 0) {
      return fail(
        `on ${exposed.map((ollama) => ollama.port).join(', ')}`,
        exposed.map((ollama) => finding('open-ollama', ollama.seen, ollama.port)),
      );
    }
    const mute = open.filter((scan) => scan.report.service === 'silent').map((scan) => scan.report.port);
    if (mute.length > 0) return unknown(`${mute.join(', ')} accepted the connection and gave no answer`);
    const names = open.map((scan) => scan.report.port).join(', ');
    const filtered = context.scans
      .filter((scan) => scan.report.state === 'filtered')
      .map((scan) => scan.report.port);
    const rest = filtered.length === 0 ? '' : `; filtered, so not asked: ${filtered.join(', ')}`;
    return pass(`${ollamaPaths.length} paths × 2 Host headers on ${names}${rest}`);
  },
};
