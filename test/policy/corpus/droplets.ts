import type { Block, CorpusCase } from '../support/corpus-case.ts';
import { behind, droplet, firewall, gateway, ssh, tag, tagOf } from './parts.ts';

/** Which firewall holds for which droplet, and from when on. */
const none = 'droplet-without-firewall';
const after = 'firewall-after-droplet';
const image = 'image-unsupported';

const rules = [ssh, gateway];
const stack = (parts: Block, top: Block = {}): Block => ({ resource: parts, ...top });
const web = { web: firewall(rules) };

export const droplets: readonly CorpusCase[] = [
  {
    name: 'a droplet alone',
    finds: [none],
    why: 'no firewall',
    stack: stack({ digitalocean_droplet: { web: droplet({ depends_on: [], tags: [] }) } }),
  },
  { name: 'a droplet behind its firewall', finds: [], why: 'by tag, and after it', stack: behind(rules) },
  {
    name: 'a droplet with another tag',
    finds: [none],
    why: 'the firewall holds for others',
    stack: stack({
      digitalocean_tag: tag(),
      digitalocean_firewall: web,
      digitalocean_droplet: { web: droplet({ tags: ['other'] }) },
    }),
  },
  {
    name: 'two droplets, one without the tag',
    finds: [none],
    why: 'each droplet needs one',
    stack: behind(rules, {
      digitalocean_droplet: { web: droplet(), second: droplet({ tags: [], name: 'second' }) },
    }),
  },
  {
    name: 'a firewall without rules',
    finds: [],
    why: 'it drops everything',
    stack: behind([]),
  },
  {
    name: 'a firewall by droplet_ids',
    finds: [after],
    why: 'it cannot be made before the droplet',
    stack: stack({
      digitalocean_firewall: {
        web: firewall(rules, { tags: undefined, droplet_ids: ['${digitalocean_droplet.web.id}'] }),
      },
      digitalocean_droplet: { web: droplet({ tags: [], depends_on: [] }) },
    }),
  },
  {
    name: 'a firewall by droplet_ids through a function',
    finds: [after],
    why: 'the same, written another way',
    stack: stack({
      digitalocean_firewall: {
        web: firewall(rules, { tags: undefined, droplet_ids: ['${tonumber(digitalocean_droplet.web.id)}'] }),
      },
      digitalocean_droplet: { web: droplet({ tags: [], depends_on: [] }) },
    }),
  },
  {
    name: 'a firewall by droplet_ids of all droplets of a count',
    finds: [after],
    why: 'a splat names each of them',
    inPlan: false,
    stack: stack({
      digitalocean_firewall: {
        web: firewall(rules, { tags: undefined, droplet_ids: '${digitalocean_droplet.web[*].id}' }),
      },
      digitalocean_droplet: { web: droplet({ tags: [], depends_on: [], count: 2 }) },
    }),
  },
  {
    name: 'a firewall by the id of another droplet',
    finds: [none, after],
    why: 'one is open later than the other, one for ever',
    stack: stack({
      digitalocean_firewall: {
        web: firewall(rules, { tags: undefined, droplet_ids: ['${digitalocean_droplet.other.id}'] }),
      },
      digitalocean_droplet: {
        web: droplet({ tags: [], depends_on: [] }),
        other: droplet({ tags: [], depends_on: [] }),
      },
    }),
  },
  {
    name: 'a tag that both have, and no order',
    finds: [after],
    why: 'terraform makes both at once',
    stack: stack({
      digitalocean_tag: tag(),
      digitalocean_firewall: web,
      digitalocean_droplet: { web: droplet({ depends_on: [] }) },
    }),
  },
  {
    name: 'a tag as a plain text, and no order',
    finds: [after],
    why: 'the firewall may come second, or fail',
    stack: stack({
      digitalocean_firewall: { web: firewall(rules, { tags: ['web'] }) },
      digitalocean_droplet: { web: droplet({ tags: ['web'], depends_on: [] }) },
    }),
  },
  {
    name: 'a tag as a plain text, and the droplet after the firewall',
    finds: [],
    why: 'the order is written down',
    stack: stack({
      digitalocean_firewall: { web: firewall(rules, { tags: ['web'] }) },
      digitalocean_droplet: { web: droplet({ tags: ['web'] }) },
    }),
  },
  {
    name: 'a tag that is a text here and a reference there',
    finds: [],
    why: 'both are the tag web',
    stack: stack({
      digitalocean_tag: tag(),
      digitalocean_firewall: web,
      digitalocean_droplet: { web: droplet({ tags: ['WEB'] }) },
    }),
  },
  {
    name: 'a tag by its id',
    finds: [],
    why: "a tag's id is its name",
    stack: stack({
      digitalocean_tag: tag(),
      digitalocean_firewall: { web: firewall(rules, { tags: ['${digitalocean_tag.web.id}'] }) },
      digitalocean_droplet: { web: droplet() },
    }),
  },
  {
    name: 'a tag by a local',
    finds: [],
    why: 'the local is the tag',
    inPlan: false,
    stack: stack(
      {
        digitalocean_tag: tag(),
        digitalocean_firewall: { web: firewall(rules, { tags: ['${local.tag}'] }) },
        digitalocean_droplet: { web: droplet({ tags: ['${local.tag}'] }) },
      },
      { locals: { tag: tagOf() } },
    ),
  },
  {
    name: 'a tag that exists already',
    finds: [],
    why: 'a data source names it',
    inPlan: false,
    stack: stack(
      {
        digitalocean_firewall: { web: firewall(rules, { tags: ['${data.digitalocean_tag.web.name}'] }) },
        digitalocean_droplet: { web: droplet({ tags: ['${data.digitalocean_tag.web.name}'] }) },
      },
      { data: { digitalocean_tag: { web: { name: 'web' } } } },
    ),
  },
  {
    name: 'a droplet after its firewall by way of a third',
    finds: [],
    why: 'order goes on through what both need',
    stack: behind(rules, {
      digitalocean_vpc: { net: { name: 'net', region: 'fra1', depends_on: ['digitalocean_firewall.web'] } },
      digitalocean_droplet: { web: droplet({ depends_on: [], vpc_uuid: '${digitalocean_vpc.net.id}' }) },
    }),
  },
  {
    name: 'a firewall that needs something of the droplet besides',
    finds: [after],
    why: 'it is made second, tag or not',
    stack: stack({
      digitalocean_tag: tag(),
      digitalocean_firewall: {
        web: firewall(rules, { name: '${digitalocean_droplet.web.name}-${digitalocean_droplet.web.id}' }),
      },
      digitalocean_droplet: { web: droplet({ depends_on: ['digitalocean_tag.web'] }) },
    }),
  },
  {
    name: 'two firewalls, the first by id and the second by tag before',
    finds: [],
    why: 'one that is there in time is enough',
    stack: behind(rules, {
      digitalocean_firewall: {
        late: firewall(rules, { tags: undefined, droplet_ids: ['${digitalocean_droplet.web.id}'] }),
        web: firewall(rules),
      },
    }),
  },
  {
    name: 'a pool of droplets without a firewall',
    finds: [none],
    why: 'its droplets have no tag that a firewall has',
    stack: stack({
      digitalocean_droplet_autoscale: {
        pool: {
          name: 'pool',
          droplet_template: [{ image: 'debian-13-x64', region: 'fra1', size: 's', tags: ['x'] }],
        },
      },
    }),
  },
  {
    name: 'a pool of droplets behind a firewall',
    finds: [],
    why: 'by tag, and after it',
    stack: stack({
      digitalocean_tag: tag(),
      digitalocean_firewall: web,
      digitalocean_droplet_autoscale: {
        pool: {
          name: 'pool',
          depends_on: ['digitalocean_firewall.web'],
          droplet_template: [{ image: 'debian-13-x64', region: 'fra1', size: 's', tags: [tagOf()] }],
        },
      },
    }),
  },
  ...(
    [
      ['debian-13-x64', [], 'supported'],
      ['debian-12-x64', [], 'supported'],
      ['ubuntu-24-04-x64', [], 'supported'],
      ['debian-11-x64', [image], 'its support has ended'],
      ['ubuntu-20-04-x64', [image], 'its support has ended'],
      ['ubuntu-22-04-x64', [image], 'the files were not tried there'],
      ['fedora-41-x64', [image], 'another family'],
      ['debian-13', [image], 'no slug of an image'],
      [155_133_621, [image], 'a snapshot by its number: nobody can tell what is in it'],
      ['${var.image}', [], 'a variable whose default is supported'],
      ['${data.digitalocean_image.own.id}', ['undecidable-value'], 'an image of your own: a warning'],
    ] as const
  ).map(([slug, finds, why]) => ({
    name: `the image ${slug}`,
    finds,
    why,
    stack: behind(
      rules,
      { digitalocean_droplet: { web: droplet({ image: slug }) } },
      {
        variable: { image: { default: 'debian-12-x64' } },
        data: { digitalocean_image: { own: { name: 'own' } } },
      },
    ),
  })),
];
