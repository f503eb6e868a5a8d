import { UserError } from './user-error.ts';

/** Wording of destroy. */
export const destroyText = {
  nothingThere: (stack: string) =>
    new UserError(
      `terraform knows of nothing that was made for ${stack}`,
      'is it the state that the stack was deployed with? On a machine: sudo hardening-release remove',
    ),
  anotherMachine: (deployed: string, configured: string | undefined) =>
    new UserError(
      `the state is of the machine ${deployed}, the configuration names ${configured ?? 'a droplet'}: whether models ` +
        'go would be written down for the wrong one',
      `set target.host.address to ${deployed}, or deploy first`,
    ),
  droplet: 'the droplet goes with all that is on it, and so does its volume for models',
  host: (address: string, removesModels: boolean) =>
    `the kit is taken off ${address}. ` +
    (removesModels
      ? 'The models go that it has fetched; models that were put there otherwise stay'
      : 'Models stay; --models removes those that the kit has fetched'),
  modelsKeptAgain: 'not destroyed: the state says again that models stay',
};
