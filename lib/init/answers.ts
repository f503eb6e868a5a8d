import { initText } from '../messages/init.ts';

/** Where CI files can be made for. */
export const ciKinds = ['github', 'gitlab', 'bitbucket', 'none'] as const;
/** What a stack is deployed to. */
export const targetKinds = ['host', 'digitalocean', 'none'] as const;

/** What is known of a new project: from the command line, or answered. */
export interface Answers {
  readonly stack: string;
  readonly serverName: readonly string[];
  readonly service: readonly string[];
  readonly target: (typeof targetKinds)[number];
  readonly address?: string;
  readonly hostKey?: string;
  readonly region?: string;
  readonly size?: string;
  /** NAME=KEY. */
  readonly adminKey?: readonly string[];
  readonly sshSource?: readonly string[];
  readonly clientSource?: readonly string[];
  readonly ci: (typeof ciKinds)[number];
}

type Name = keyof Answers;
/** Answers so far, by the option's name. */
export type Given = { [name in Name]?: string | readonly string[] };

/** One thing to know. */
export interface Question {
  readonly name: Name;
  readonly flag: string;
  readonly text: string;
  readonly byDefault?: string;
  readonly choices?: readonly string[];
  /** Whether several answers may be given. */
  readonly many?: 'by spaces' | 'by options';
  readonly when?: (given: Given) => boolean;
}

const deployed = ({ target }: Given): boolean => target === 'host' || target === 'digitalocean';
const toHost = ({ target }: Given): boolean => target === 'host';
const toDroplet = ({ target }: Given): boolean => target === 'digitalocean';
const ask = initText.questions;

/** In the order in which they are asked; a later one may depend on the answers before. */
export const questions: readonly Question[] = [
  { name: 'stack', flag: '--stack', text: ask.stack, byDefault: 'production' },
  { name: 'serverName', flag: '--server-name', text: ask.serverName, many: 'by spaces' },
  { name: 'service', flag: '--service', text: ask.service, byDefault: 'ci', many: 'by spaces' },
  { name: 'target', flag: '--target', text: ask.target, byDefault: 'none', choices: targetKinds },
  { name: 'address', flag: '--address', text: ask.address, when: toHost },
  { name: 'hostKey', flag: '--host-key', text: ask.hostKey, when: toHost },
  { name: 'region', flag: '--region', text: ask.region, when: toDroplet },
  { name: 'size', flag: '--size', text: ask.size, when: toDroplet },
  { name: 'adminKey', flag: '--admin-key', text: ask.adminKey, many: 'by options', when: toDroplet },
  { name: 'sshSource', flag: '--ssh-source', text: ask.sshSource, many: 'by spaces', when: deployed },
  {
    name: 'clientSource',
    flag: '--client-source',
    text: ask.clientSource,
    many: 'by spaces',
    when: deployed,
  },
  { name: 'ci', flag: '--ci', text: ask.ci, byDefault: 'none', choices: ciKinds },
];

/** An answer as the option would have it. */
export function answerOf(question: Question, text: string): string | readonly string[] {
  if (question.many === undefined) return text;
  return question.many === 'by options' ? [text] : text.split(/[\s,]+/).filter((part) => part !== '');
}

/**
 * Finds an answer to every question.
 *
 * @param ask asks one on the terminal; undefined where there is none
 * @param takeDefaults whether defaults are taken without asking
 * @throws UserError naming every option that is missing, where there is no terminal
 */
export async function complete(
  given: Given,
  ask: ((question: Question) => Promise<string>) | undefined,
  takeDefaults: boolean,
): Promise<Answers> {
  const answers: Given = { ...given };
  const missing: Question[] = [];
  for (const question of questions) {
    if (answers[question.name] !== undefined || question.when?.(answers) === false) continue;
    if (takeDefaults && question.byDefault !== undefined) {
      answers[question.name] = answerOf(question, question.byDefault);
    } else if (ask !== undefined) answers[question.name] = answerOf(question, await ask(question));
    else missing.push(question);
  }
  if (missing.length > 0) {
    throw initText.missing(
      missing.map(({ flag }) => flag),
      !takeDefaults && missing.some(({ byDefault }) => byDefault !== undefined),
    );
  }
  return answers as Answers;
}
