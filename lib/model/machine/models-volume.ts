/** The name of a droplet's volume for models. DigitalOcean names the device after it. */
export function modelsVolumeName(stack: string): string {
  return `hardening-${stack}-models`;
}
