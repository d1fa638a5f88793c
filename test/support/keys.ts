import { defaultKeyPrefix } from '../../src/domain/installation.ts';
import { createKeys } from '../../src/infra/redis/keys.ts';

/** The keys of a syncbot with the default prefix. */
export const keys = createKeys(defaultKeyPrefix);
