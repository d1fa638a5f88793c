import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The folders whose files take longest. A long file that starts last would run alone. */
const longFolders = [
  'bench',
  'crash',
  'model',
  'failover',
  'outages',
  'demo',
  'application',
  'e2e',
  'package',
  'infra',
];

/** Starts the files of `longFolders` first, in this order. */
export class LongFoldersFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const folder = longFolders.findIndex((name) => moduleId.includes(`/test/${name}/`));
      return folder === -1 ? longFolders.length : folder;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
