import { schemaComment } from '../../config/json-schema.ts';
import { messages } from '../../messages/catalog.ts';

const texts = messages.init.file;

export interface PolicyFacts {
  readonly operators: readonly string[];
  /** Null if outcomes and alerts go to no channel. */
  readonly channel: string | null;
}

/** A syncbot.yml without projects. `discover` adds them. */
export function renderPolicyFile({ operators, channel }: PolicyFacts): string {
  return [
    schemaComment,
    `# ${texts.head}`,
    'policy:',
    `  operators: [${operators.join(', ')}] # ${texts.operators}`,
    ...(channel === null ? [] : ['defaults:', `  channel: ${channel} # ${texts.channel}`]),
    'projects: {}',
    '',
  ].join('\n');
}
