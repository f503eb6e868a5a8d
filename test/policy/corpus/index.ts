import type { CorpusCase } from '../support/corpus-case.ts';
import { balancers } from './balancers.ts';
import { certificates } from './certificates.ts';
import { droplets } from './droplets.ts';
import { foreign } from './foreign.ts';
import { gatewayCases } from './gateway.ts';
import { ollama } from './ollama.ts';
import { plans } from './plans.ts';
import { ports } from './ports.ts';
import { secrets } from './secrets.ts';
import { sshCases } from './ssh.ts';
import { state } from './state.ts';
import { userData } from './user-data.ts';

/** Every stack of the corpus by topic. */
export const corpus: Readonly<Record<string, readonly CorpusCase[]>> = {
  ports,
  ssh: sshCases,
  droplets,
  'load balancers': balancers,
  user_data: userData,
  secrets,
  certificates,
  'state and connections': state,
  plans,
  ollama,
  gateway: gatewayCases,
  'other resources': foreign,
};
