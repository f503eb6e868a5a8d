// A process of its own that ensures a PKI and prints it. Arguments: folder, what is wanted as JSON.
import { ensurePki, type WantedPki } from '../../../lib/pki/inventory.ts';

const [folder = '', wanted = ''] = process.argv.slice(2);
console.log(JSON.stringify(await ensurePki(folder, JSON.parse(wanted) as WantedPki)));
