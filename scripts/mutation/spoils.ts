import type { Spoil } from './spoil.ts';

export const spoils: readonly Spoil[] = [];
