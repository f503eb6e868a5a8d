// @ts-check
// Preloaded into the sandbox: the channel to the parent closes when the parent is gone, however it went. The sandbox
// then ends as on SIGTERM, and takes nginx with it.
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.channel !== undefined) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // The channel alone is no reason to go on running.
  process.channel.unref();
  // Nor is it the business of the processes that this one forks.
  const position = process.execArgv.indexOf(import.meta.url);
  if (position > 0) process.execArgv.splice(position - 1, 2);
}
