import { fileURLToPath } from 'node:url';

/** The program that signs CRLs, on the computer that terraform runs on. */
export const signProgram = fileURLToPath(new URL('../../bin/sign-crl.js', import.meta.url));
