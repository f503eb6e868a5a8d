/**
 * The sizes of nginx's hash tables for maps. A bucket must hold the longest entry (a distinguished name of 110 bytes,
 * with nginx's overhead 128); where there are many services, larger buckets spare nginx the search for a size without
 * a full one, which otherwise takes most of a reload (docs/performance.md).
 */
export function mapHash(services: number): { maxSize: number; bucketSizeBytes: number } {
  return {
    maxSize: 2 ** Math.max(11, Math.ceil(Math.log2(2 * Math.max(services, 1)))),
    bucketSizeBytes: services > 1_000 ? 1_024 : 256,
  };
}
