/**
 * Images of DigitalOcean that this kit's files are written for, with the last day of their security support: LTS for
 * Debian (wiki.debian.org/LTS), standard support for Ubuntu (ubuntu.com/about/release-cycle), both as in the package
 * distro-info-data 0.58.
 */
export const supportedImages: Readonly<Record<string, string>> = {
  'debian-12-x64': '2028-06-30',
  'debian-13-x64': '2030-06-30',
  'ubuntu-24-04-x64': '2029-05-31',
};
