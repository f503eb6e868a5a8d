import type { Rule } from '../rule.ts';

export const fileNotRead: Rule = {
  id: 'file-not-read',
  level: 'warning',
  title: 'a file beside the configuration is part of it for terraform, and was not read',
  why:
    'Terraform takes every .tf and .tf.json of a folder together, an override over the others, and variables from ' +
    '.auto.tfvars: any of them may open what this file closes.',
  check: ({ beside }) =>
    beside.map((file) => ({
      resource: 'terraform',
      problem: `${file} is in the same folder, and was not read`,
      fix: 'run this over `terraform show -json` of a plan too, which has everything',
    })),
};
