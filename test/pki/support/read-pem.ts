// A process of its own that reads a PEM file and prints why it may not. Argument: the file.
import { readPem } from '../../../lib/pki/files.ts';

try {
  readPem(process.argv[2] ?? '', false);
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
}
