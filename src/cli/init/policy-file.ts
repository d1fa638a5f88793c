import { schemaComment } from '../../config/json-schema.ts';
import type { FilePolicy } from '../../config/set-policy.ts';
import { messages } from '../../messages/catalog.ts';

const texts = messages.init.file;

/** A syncbot.yml without projects. `discover` adds them. */
export function renderPolicyFile(policy: FilePolicy): string {
  return [schemaComment, `# ${texts.head}`, ...renderPolicy(policy), 'projects: {}', ''].join('\n');
}

/** The lines of a syncbot.yml. */
export function renderPolicy({ operators, channel }: FilePolicy): string[] {
  return [
    'policy:',
    `  operators: [${operators.join(', ')}] # ${texts.operators}`,
    ...(channel === null ? [] : ['defaults:', `  channel: ${channel} # ${texts.channel}`]),
  ];
}
