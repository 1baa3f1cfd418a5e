import { randomUUID } from 'node:crypto';
import type { ObjectPut, ObjectService } from './object-service.ts';
import type { Trouble } from './within.ts';

/** No object has it: a tag is a digest, or at least not this one. */
const NO_TAG = '"00000000000000000000000000000000"';

/**
 * A service that is used only once it was seen to refuse what it must refuse. Some that speak S3 ignore the conditions
 * of a write, or of a delete, without a word; then every racer would win.
 *
 * Asked before the first write of a process, all at the same time, so it costs one round trip.
 */
export function onlyIfConditional(service: ObjectService, prefix: string): ObjectService {
  const created = `${prefix}/probe`;
  let writes: Promise<Proof> | undefined;
  let removes: Promise<boolean> | undefined;

  async function proveWrites(signal: AbortSignal): Promise<Proof> {
    const create = (): Promise<ObjectPut> => service.put(created, probe(), { kind: 'absent' }, signal);
    const replace = (key: string): Promise<ObjectPut> =>
      service.put(key, probe(), { kind: 'tag', tag: NO_TAG }, signal);
    const first = create();
    const answers = await Promise.all([
      first.then((answer) => (answer.kind === 'written' ? create() : answer)),
      replace(created),
      replace(`${prefix}/probe-never-written`),
    ]);
    for (const [at, answer] of answers.entries()) {
      const header = at === 0 ? 'If-None-Match' : 'If-Match';
      if (answer.kind === 'written') return { kind: 'ignored', header };
      if (answer.kind !== 'refused') return answer;
    }
    return { kind: 'proven' };
  }

  /** A service that deletes in spite of a wrong tag might delete what someone has just claimed. */
  async function proveRemoves(signal: AbortSignal): Promise<boolean> {
    const key = `${prefix}/probe-${randomUUID()}`;
    const written = await service.put(key, probe(), { kind: 'absent' }, signal);
    if (written.kind !== 'written') return false;
    await service.remove(key, NO_TAG, signal).catch(() => false);
    const left = await service.get(key, MAX_PROBE_BYTES, signal);
    if (left.kind === 'found') await service.remove(key, left.tag, signal);
    return left.kind === 'found';
  }

  return {
    ...service,
    put: async (key, bytes, condition, signal) => {
      if (condition.kind !== 'any') {
        writes ??= proveWrites(signal);
        const proof = await writes;
        if (proof.kind === 'ignored') {
          const why = `the service ignores ${proof.header}, so it cannot keep a ledger`;
          return { kind: 'unknown', why, again: false };
        }
        if (proof.kind !== 'proven') {
          // Nothing was found out: the next write asks anew.
          writes = undefined;
          return proof;
        }
      }
      return service.put(key, bytes, condition, signal);
    },
    remove: async (key, tag, signal) => {
      removes ??= proveRemoves(signal).catch(() => false);
      return (await removes) && service.remove(key, tag, signal);
    },
  };
}

const MAX_PROBE_BYTES = 1024;

type Proof =
  | { readonly kind: 'proven' }
  | { readonly kind: 'ignored'; readonly header: string }
  | Extract<ObjectPut, { kind: 'busy' }>
  | Trouble;

/** Never the same twice, since equal bytes may have equal tags. */
function probe(): Uint8Array {
  return Buffer.from(`${randomUUID()}\n`);
}
