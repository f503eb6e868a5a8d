import { startStandIn } from '../../../lib/sandbox/stand-in/index.ts';
import type { StackInput } from '../../support/test-gateway.ts';
import { startBundledGateway } from './gateway.ts';

// A gateway in front of a stand-in for Ollama, in the network that this is started in: `gateway-program.ts PORT`. Tells
// where its files are, and puts services in force that it is sent.
const standIn = await startStandIn();
const gateway = await startBundledGateway(Number(process.argv[2]), standIn.port, { ci: {} });
const { configFile, pkiDirectory, logDirectory } = gateway;
process.send?.({ configFile, pkiDirectory, logDirectory });
process.on('message', (services) => {
  void gateway.replace(services as StackInput['services']).then(() => process.send?.('replaced'));
});
process.on('disconnect', () => void end());

async function end(): Promise<void> {
  await gateway.stop();
  await standIn.close();
  process.exit();
}
