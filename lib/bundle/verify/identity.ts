import { createPrivateKey } from 'node:crypto';
import { verifyText } from '../../messages/bundle.ts';
import {
  daysBetween,
  isForClients,
  isIssuedByOne,
  printedSubject,
  readCertificates,
} from '../check-material.ts';
import type { BundleDescription } from '../content.ts';
import { bundleText } from '../../messages/bundle.ts';
import type { IdentityMaterial } from '../material.ts';
import type { Finding } from './finding.ts';

/**
 * Judges a bundle's certificate: key, CA, subject and end.
 *
 * @param noticeDays from how many days before its end it wants attention
 * @throws UserError for a certificate that cannot be read
 */
export function checkIdentity(
  material: IdentityMaterial,
  description: BundleDescription,
  keyPath: string,
  noticeDays: number,
  now: Date,
): Finding[] {
  const [certificate] = readCertificates(material.certificate, 'the certificate');
  const isIssued =
    isIssuedByOne(certificate, readCertificates(material.ca, 'the CA')) && isForClients(certificate);
  const subject = printedSubject(certificate);
  return [
    pairOf(material, keyPath),
    isIssued
      ? { check: 'chain', outcome: 'holds', text: verifyText.chainHolds }
      : { check: 'chain', outcome: 'attention', text: bundleText.wrongChain.message },
    subject === description.distinguishedName
      ? { check: 'name', outcome: 'holds', text: verifyText.nameHolds(subject) }
      : {
          check: 'name',
          outcome: 'attention',
          text: bundleText.subjectMismatch(subject, description.distinguishedName).message,
        },
    endOf(new Date(certificate.validTo), noticeDays, now),
  ];
}

function pairOf({ certificate, key }: IdentityMaterial, keyPath: string): Finding {
  const check = 'pair';
  if (key === undefined) return { check, outcome: 'unknown', text: verifyText.noKey(keyPath) };
  try {
    const [first] = readCertificates(certificate, 'the certificate');
    if (first.checkPrivateKey(createPrivateKey(key)))
      return { check, outcome: 'holds', text: verifyText.pairHolds };
  } catch {
    // A key that cannot be read belongs to nothing; nothing of it goes into a message.
  }
  return { check, outcome: 'attention', text: verifyText.pairBroken };
}

function endOf(ends: Date, noticeDays: number, now: Date): Finding {
  const check = 'end';
  const date = ends.toISOString().slice(0, 10);
  const left = daysBetween(now, ends);
  if (now >= ends) return { check, outcome: 'attention', text: verifyText.hasEnded(date) };
  return left < noticeDays
    ? { check, outcome: 'attention', text: verifyText.endsSoon(date, left) }
    : { check, outcome: 'holds', text: verifyText.endsIn(date, left) };
}
