/** The settings of a systemd unit file, in order: systemd.syntax(7), without continued lines. */
export function readUnit(text: string): (name: string) => string[] {
  const settings = text.split('\n').flatMap((line) => {
    const match = /^([A-Za-z]+)=(.*)$/.exec(line);
    return match === null ? [] : [{ name: match[1], value: match[2] ?? '' }];
  });
  return (wanted) => settings.filter(({ name }) => name === wanted).map(({ value }) => value);
}

/** The one value of a setting that a unit has exactly once. */
export function only(values: readonly string[]): string {
  const [value, ...more] = values;
  if (value === undefined || more.length > 0)
    throw new Error(`${values.length} values where one was expected`);
  return value;
}

/**
 * The command that starts a unit's program as systemd would: its user, its capabilities, its limit of files. For units
 * that set just CAP_NET_BIND_SERVICE as capability.
 */
export function asUnit(setting: (name: string) => string[], command: string): string[] {
  const capability = only(setting('AmbientCapabilities')).replace(/^CAP_/, '').toLowerCase();
  return [
    ...['prlimit', `--nofile=${only(setting('LimitNOFILE'))}`, '--'],
    ...['setpriv', '--reuid', only(setting('User')), '--regid', only(setting('Group')), '--clear-groups'],
    ...[`--inh-caps=-all,+${capability}`, `--ambient-caps=-all,+${capability}`],
    ...[`--bounding-set=-all,+${capability}`, '--no-new-privs', '--'],
    ...command.split(' '),
  ];
}
