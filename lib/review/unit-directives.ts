/** A unit's directives as `Section.Name=value`; comments and empty lines are nothing. */
export function directivesOf(text: string): string[] {
  let section = '';
  return text.split('\n').flatMap((line) => {
    const trimmed = line.trim();
    const head = /^\[(.+)\]$/.exec(trimmed);
    if (head !== null) section = head[1] ?? '';
    return trimmed === '' || head !== null || /^[#;]/.test(trimmed) ? [] : [`${section}.${trimmed}`];
  });
}

/** Directives that take something away from a service: without one it may do more. */
const restricting =
  /^Service\.(?:NoNewPrivileges|Lock\w+|MemoryDenyWriteExecute|Private\w+|Protect\w+|Proc\w+|Restrict\w+|RemoveIPC|CapabilityBoundingSet|SystemCall\w+|IPAddressDeny|InaccessiblePaths|ReadOnlyPaths|NoExecPaths|TemporaryFileSystem|DevicePolicy|UMask|User|Group|DynamicUser|LimitCORE|MemoryMax|TasksMax)=/;
/** Directives that give something to a service, or decide what runs and who may speak with it. */
const opening =
  /^(?:Service\.(?:AmbientCapabilities|IPAddressAllow|DeviceAllow|ReadWritePaths|ExecPaths|Bind\w*Paths|SupplementaryGroups|Exec\w+|Environment\w*|LoadCredential\w*|NetworkNamespacePath)|Unit\.JoinsNamespaceOf|Socket\.(?:Listen\w+|Socket\w+))=/;

/** What differences of directives say by themselves. */
export function judgeDirectives(
  gone: readonly string[],
  come: readonly string[],
): 'opens' | 'restricts' | 'neither' {
  const isOpening = (list: readonly string[], pattern: RegExp): boolean =>
    list.some((one) => pattern.test(one));
  if (isOpening(gone, restricting) || isOpening(come, opening)) return 'opens';
  return isOpening(come, restricting) || isOpening(gone, opening) ? 'restricts' : 'neither';
}
