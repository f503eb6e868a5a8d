/** CN of a stack's CA. Two CAs that are trusted at the same time must differ in it: CRLs name their issuer. */
export function authorityCommonName(stack: string, generation: number): string {
  return generation === 1 ? `${stack} hardening CA` : `${stack} hardening CA ${generation}`;
}
