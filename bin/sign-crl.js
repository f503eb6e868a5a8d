#!/usr/bin/env node
import { register } from 'tsx/esm/api';

register();
await import('../lib/cli/sign-crl.ts');
