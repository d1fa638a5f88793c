import { type Catalog, en } from './en/catalog.ts';

/** The sentences that people read. To add a language, add a folder beside `en` whose catalog has the type `Catalog`. */
export const messages: Catalog = en;
