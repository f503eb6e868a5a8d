/** Wording of what is wrong between the fields of identities and their keys. */
export const identityText = {
  noCsr: {
    problem: "missing with pki.mode 'csr'",
    allowed: "the path of a request that the service's host made",
    fix: 'run `hardening pki request` on that host, commit the request, and name it here',
  },
  needlessCsr: {
    problem: "a request, though pki.mode is not 'csr'",
    allowed: "nothing unless pki.mode is 'csr'",
    fix: "remove csr, or set pki.mode to 'csr'",
  },
  needlessPreviousCsr: {
    problem: 'a request of a generation that is not let in',
    allowed: "a path only with overlap and pki.mode 'csr'",
    fix: 'remove previousCsr',
  },
  nothingBefore: {
    problem: 'there is no generation before 1',
    allowed: 'true only for a generation from 2',
    fix: 'raise generation, or remove overlap',
  },
  noDirectory: {
    problem: "missing with pki.mode 'external'",
    allowed: 'the folder that `hardening pki init` made',
    fix: "run `hardening pki init`, and write for example 'pki'",
  },
  needlessDirectory: {
    problem: "a folder, though pki.mode is not 'external'",
    allowed: "nothing unless pki.mode is 'external'",
    fix: "remove directory, set pki.mode to 'external', or trust the folder's CA as well: pki.alsoTrustedDirectories",
  },
  needlessCaGeneration: {
    problem: "a CA of terraform, which pki.mode 'external' has none of",
    allowed: "nothing with pki.mode 'external'",
    fix: 'remove it; name folders in pki.directory and pki.alsoTrustedDirectories',
  },
  sameCaTwice: {
    problem: 'names a CA twice',
    allowed: 'CAs beside the one that issues, each once',
    fix: 'remove the one that is named already',
  },
  healthRevoked: {
    problem: 'the identity of the machine itself cannot be revoked',
    allowed: "services' names",
    fix: 'remove the entry; to renew the certificate of the health check, apply again',
  },
};
