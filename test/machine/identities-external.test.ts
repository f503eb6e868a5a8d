import { describeIdentities } from './support/identities-suite.ts';

describeIdentities('external');
